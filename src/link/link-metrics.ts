import { addLatencies, type LatencyCounts, latencyOf } from './latencies.js'
import type { LinkPlan } from './link-plan.js'
import type { EdgeMetrics, LinkMetrics } from './link-status.js'
import type { EdgeCount } from './protocol.js'
import type { Runtime } from './runtime/runtime.js'

/** What a runtime has counted in so many seconds, with the names of the plan. */
export function metricsOf(plan: LinkPlan, runtime: Runtime | undefined, seconds: number): LinkMetrics {
  const progress = runtime?.progress() ?? { sources: [], destinations: [] }
  const named = (placed: LinkPlan['sources'] | LinkPlan['destinations'], counts: readonly EdgeCount[]): EdgeMetrics[] =>
    placed.map(({ id, endpoint }) => {
      const count = counts.find(edge => edge.id === id)
      const { items = 0, settled = 0, bytes = 0, dropped = 0, credits = 0, latencies } = count ?? {}
      const unsettled = items - settled
      const rate = perSecond(settled, seconds)
      const { name } = endpoint
      return { id, name, items, settled, bytes, rate, unsettled, credits, latency: latencyOf(latencies), dropped }
    })
  const sources = named(plan.sources, progress.sources)
  const destinations = named(plan.destinations, progress.destinations)
  const sum = (key: 'items' | 'settled' | 'bytes'): number =>
    sources.reduce((total, edge) => total + edge[key], plan.past[key])
  const latencies = progress.sources.map(count => count.latencies)
  return {
    items: sum('items'),
    settled: sum('settled'),
    unsettled: sum('items') - sum('settled'),
    bytes: sum('bytes'),
    rate: perSecond(sum('settled'), seconds),
    latency: latencyOf(latencies.reduce<LatencyCounts | undefined>(addLatencies, undefined)),
    dropped: destinations.reduce((total, { dropped }) => total + dropped, 0),
    restarts: runtime?.restarts ?? 0,
    sources,
    destinations,
  }
}

/** The same, with rates of the time between two looks. */
export function sinceThen(then: LinkMetrics | undefined, now: LinkMetrics, seconds: number): LinkMetrics {
  if (!then) return now
  const edges = (before: readonly EdgeMetrics[], after: readonly EdgeMetrics[]): EdgeMetrics[] =>
    after.map(edge => {
      const { settled = 0 } = before.find(({ id }) => id === edge.id) ?? {}
      return { ...edge, rate: perSecond(edge.settled - settled, seconds) }
    })
  return {
    ...now,
    rate: perSecond(now.settled - then.settled, seconds),
    sources: edges(then.sources, now.sources),
    destinations: edges(then.destinations, now.destinations),
  }
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0
}
