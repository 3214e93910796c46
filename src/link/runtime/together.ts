import { addLatencies, type LatencyCounts } from '../latencies.js'
import type { EdgeCount, Progress } from '../protocol.js'

/** What one worker's child has reported, and what its parent has counted itself. */
interface Counted {
  readonly seen: Progress
  readonly own: Pick<Progress, 'sources' | 'destinations'>
}

/** What all workers of a link did. What the parent counted itself is exact; only a child knows what was dropped. */
export function together(workers: readonly Counted[]): Progress {
  const sources = workers.flatMap(({ seen, own }) => [...own.sources, ...without(seen.sources, own.sources)])
  const destinations = workers.flatMap(({ seen, own }) => [
    ...own.destinations.map(edge => withDropped(edge, seen.destinations)),
    ...without(seen.destinations, own.destinations),
  ])
  return {
    sources: byId(sources),
    destinations: byId(destinations),
    offsets: workers.flatMap(({ seen }) => seen.offsets),
  }
}

/** What was dropped was never sent to the parent. */
export function withDropped(own: EdgeCount, seen: readonly EdgeCount[]): EdgeCount {
  const { items = 0, dropped = 0 } = seen.find(({ id }) => id === own.id) ?? {}
  return { ...own, items: Math.max(own.items, items), dropped }
}

/** The sum of what is known of one endpoint. */
export function sum(id: number, counts: readonly (EdgeCount | undefined)[]): EdgeCount {
  const total = { id, items: 0, settled: 0, bytes: 0, dropped: 0, credits: 0 }
  let latencies: LatencyCounts | undefined
  for (const count of counts) {
    total.items += count?.items ?? 0
    total.settled += count?.settled ?? 0
    total.bytes += count?.bytes ?? 0
    total.dropped += count?.dropped ?? 0
    total.credits += count?.credits ?? 0
    latencies = addLatencies(latencies, count?.latencies)
  }
  return { ...total, ...(latencies ? { latencies } : {}) }
}

/** Adds up numbers by endpoint. */
export function merged(maps: readonly ReadonlyMap<number, number>[]): Map<number, number> {
  const total = new Map<number, number>()
  for (const map of maps) for (const [id, count] of map) total.set(id, (total.get(id) ?? 0) + count)
  return total
}

function without(counts: readonly EdgeCount[], others: readonly EdgeCount[]): EdgeCount[] {
  return counts.filter(({ id }) => !others.some(other => other.id === id))
}

function byId(counts: readonly EdgeCount[]): EdgeCount[] {
  const ids = [...new Set(counts.map(({ id }) => id))]
  return ids.map(id =>
    sum(
      id,
      counts.filter(count => count.id === id),
    ),
  )
}
