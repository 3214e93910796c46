import type { EdgeCount, Progress } from '../protocol.js'
import { sum } from './together.js'

type Kind = 'sources' | 'destinations'

/** Adds up what the children of a link report, one after another. */
export class Tally {
  readonly #before = { sources: new Map<number, EdgeCount>(), destinations: new Map<number, EdgeCount>() }
  readonly #stuck = new Map<number, number>()
  readonly #startedAt = new Map<number, number>()
  #now: Progress = { sources: [], destinations: [], offsets: [] }

  /** Answers whether anything was settled since the last report. */
  report(progress: Progress): boolean {
    const settled = ({ sources }: Progress): number => sources.reduce((sum, source) => sum + source.settled, 0)
    const moved = settled(progress) > settled(this.#now)
    this.#now = progress
    return moved
  }

  /** The last word on one endpoint. */
  count(count: EdgeCount): void {
    const keep = ({ sources, destinations, offsets }: Progress): Progress => {
      const put = (counts: readonly EdgeCount[]): EdgeCount[] => counts.map(old => (old.id === count.id ? count : old))
      return { sources: put(sources), destinations: put(destinations), offsets }
    }
    this.#now = keep(this.#now)
  }

  /** The endpoint has left; answers what it did. */
  remove(id: number): EdgeCount | undefined {
    const { sources, destinations } = this.total
    const count = [...sources, ...destinations].find(edge => edge.id === id)
    this.#before.sources.delete(id)
    this.#before.destinations.delete(id)
    this.#stuck.delete(id)
    const rest = (edges: readonly EdgeCount[]): EdgeCount[] => edges.filter(edge => edge.id !== id)
    this.#now = { ...this.#now, sources: rest(this.#now.sources), destinations: rest(this.#now.destinations) }
    return count
  }

  /** How often in a row children have died with the same oldest record of a file unsettled: the most of all files. */
  get stuck(): number {
    return Math.max(0, ...this.#stuck.values())
  }

  /** The child is gone: what it did is done. */
  nextChild(): void {
    const { sources, destinations } = this.total
    for (const [id, bytes] of this.#now.offsets) {
      const { items = 0, settled = 0 } = this.#now.sources.find(source => source.id === id) ?? {}
      this.#stuck.set(id, bytes === 0 && items > settled ? (this.#stuck.get(id) ?? 0) + 1 : 0)
    }
    for (const { id, settled, bytes, latencies } of sources) {
      // What it had taken and not settled is taken again by the next.
      this.#before.sources.set(id, { id, items: settled, settled, bytes, ...(latencies ? { latencies } : {}) })
    }
    for (const edge of destinations) this.#before.destinations.set(edge.id, edge)
    for (const [id, bytes] of this.#now.offsets) this.#startedAt.set(id, this.offset(id) + bytes)
    this.#now = { sources: [], destinations: [], offsets: [] }
  }

  /** The byte from which a child that starts now reads a file. */
  offset(id: number): number {
    return this.#startedAt.get(id) ?? 0
  }

  get total(): Progress {
    return { sources: this.#sum('sources'), destinations: this.#sum('destinations'), offsets: this.#now.offsets }
  }

  #sum(kind: Kind): EdgeCount[] {
    const sums = new Map(this.#before[kind])
    for (const count of this.#now[kind]) sums.set(count.id, sum(count.id, [sums.get(count.id), count]))
    return [...sums.values()]
  }
}
