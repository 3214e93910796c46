import { timestamp } from '../util/clock.js'

/** In ms; within 3 %, but for `max`, which is exact. */
export interface Latency {
  /** Half of the items took no longer. */
  readonly p50: number
  /** 99 of 100 items took no longer. */
  readonly p99: number
  readonly max: number
}

/** Plain data, which crosses to other processes and can be added up: the longest, and pairs of a class and its count. */
export type LatencyCounts = readonly number[]

/** Classes for each power of two: more make it finer. */
const FINE = 32
const FINE_BITS = 5
const CLASSES = FINE * (32 - FINE_BITS)

/**
 * How long items took from put to stored, in classes that grow with the time: recording one costs some nanoseconds.
 *
 * ```
 * class    0 … 31     32 … 63     64 … 95     96 … 127
 * ms       0 … 31     32 … 63     64 … 127    128 … 255  …
 * each is  1 ms       1 ms        2 ms        4 ms wide
 * ```
 */
export class Latencies {
  readonly #counts = new Uint32Array(CLASSES)
  #max = 0

  /** An item that was put at this time, in ms since the epoch, is stored now. */
  record(enqueuedAt: number): void {
    // Clocks may be set back.
    const ms = Math.max(0, timestamp() - enqueuedAt) | 0
    if (ms > this.#max) this.#max = ms
    const at = classOf(ms)
    this.#counts[at] = (this.#counts[at] as number) + 1
  }

  get counts(): LatencyCounts {
    const counts = [this.#max]
    for (const [at, count] of this.#counts.entries()) if (count > 0) counts.push(at, count)
    return counts
  }
}

export function addLatencies(a: LatencyCounts | undefined, b: LatencyCounts | undefined): LatencyCounts | undefined {
  if (!a || !b) return a ?? b
  const sums = new Map<number, number>()
  for (const counts of [a, b]) {
    for (const [at, count] of pairsOf(counts)) sums.set(at, (sums.get(at) ?? 0) + count)
  }
  const sorted = [...sums].sort(([one], [other]) => one - other)
  return [Math.max(a[0] ?? 0, b[0] ?? 0), ...sorted.flat()]
}

/** Undefined as long as nothing is stored. */
export function latencyOf(counts: LatencyCounts | undefined): Latency | undefined {
  const [max = 0] = counts ?? []
  const pairs = pairsOf(counts ?? [])
  const total = pairs.reduce((sum, [, count]) => sum + count, 0)
  if (total === 0) return undefined
  const at = (share: number): number => {
    let seen = 0
    for (const [place, count] of pairs) {
      seen += count
      if (seen >= total * share) return Math.min(max, middleOf(place))
    }
    return max
  }
  return { p50: at(0.5), p99: at(0.99), max }
}

function classOf(ms: number): number {
  if (ms < FINE) return ms
  const power = 31 - Math.clz32(ms)
  return ((power - FINE_BITS + 1) << FINE_BITS) + ((ms >>> (power - FINE_BITS)) & (FINE - 1))
}

function middleOf(place: number): number {
  if (place < FINE) return place
  const width = 2 ** ((place >>> FINE_BITS) - 1)
  return Math.floor((FINE + (place & (FINE - 1)) + 0.5) * width)
}

function pairsOf([, ...counts]: LatencyCounts): [at: number, count: number][] {
  const pairs: [number, number][] = []
  for (let i = 0; i < counts.length; i += 2) pairs.push([counts[i] as number, counts[i + 1] as number])
  return pairs
}
