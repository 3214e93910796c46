import type { LinkPlan } from './link-plan.js'
import type { EdgeMetrics, LinkMetrics } from './link-status.js'
import type { EdgeCount } from './protocol.js'
import type { Runtime } from './runtime/runtime.js'

/** What a runtime has counted, with the names of the plan. */
export function metricsOf(plan: LinkPlan, runtime: Runtime | undefined): LinkMetrics {
  const progress = runtime?.progress() ?? { sources: [], destinations: [] }
  const named = (placed: LinkPlan['sources'] | LinkPlan['destinations'], counts: readonly EdgeCount[]): EdgeMetrics[] =>
    placed.map(({ id, endpoint }) => {
      const { items = 0, settled = 0, bytes = 0, dropped = 0 } = counts.find(count => count.id === id) ?? {}
      return { id, name: endpoint.name, items, settled, bytes, dropped }
    })
  const sources = named(plan.sources, progress.sources)
  const sum = (key: 'items' | 'settled' | 'bytes'): number =>
    sources.reduce((total, edge) => total + edge[key], plan.past[key])
  return {
    items: sum('items'),
    settled: sum('settled'),
    unsettled: sum('items') - sum('settled'),
    bytes: sum('bytes'),
    restarts: runtime?.restarts ?? 0,
    sources,
    destinations: named(plan.destinations, progress.destinations),
  }
}
