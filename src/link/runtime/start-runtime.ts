import type { LinkPlan } from '../link-plan.js'
import type { Placed } from '../placement.js'
import { InlineRuntime } from './inline.js'
import { PlacedRuntime } from './placed.js'
import { processHost } from './reserve.js'
import type { Runtime, RuntimeEvents } from './runtime.js'
import { ThreadHost } from './thread-host.js'

/** A runtime for each placement. It has yet to be started. */
export function startRuntime(placement: Placed, plan: LinkPlan, events: RuntimeEvents): Runtime {
  switch (placement) {
    case 'inline':
      return new InlineRuntime(plan, events)
    case 'thread':
      return new PlacedRuntime(plan, events, host => new ThreadHost(host))
    case 'process':
      return new PlacedRuntime(plan, events, processHost)
  }
}
