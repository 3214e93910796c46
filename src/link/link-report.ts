import type { LinkMetrics, LinkReport } from './link-status.js'
import type { RuntimeStop } from './runtime/runtime.js'

/** What a link did, endpoint by endpoint, and how it ended. */
export function reportOf(metrics: LinkMetrics, { forced, returned }: RuntimeStop, cause: unknown): LinkReport {
  return {
    moved: metrics.settled,
    returned: [...returned.values()].reduce((sum, count) => sum + count, 0),
    forced,
    ...(cause === undefined ? {} : { cause }),
    sources: metrics.sources.map(({ id, name, settled }) => ({
      id,
      name,
      moved: settled,
      returned: returned.get(id) ?? 0,
    })),
    destinations: metrics.destinations.map(({ id, name, items, settled, dropped }) => ({
      id,
      name,
      stored: settled,
      left: items - settled - dropped,
      dropped,
    })),
    metrics,
  }
}
