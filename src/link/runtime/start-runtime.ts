import type { LinkPlan } from '../link-plan.js'
import type { Placed } from '../placement.js'
import { isStep } from '../step.js'
import { groupHosting } from './child-group.js'
import type { StartHost } from './host.js'
import { type Hosting, ownHosting } from './hosting.js'
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
      return new PlacedRuntime(plan, events, () => hosting('thread', plan, host => new ThreadHost(host)))
    case 'process':
      return new PlacedRuntime(plan, events, () =>
        hosting('process', plan, host => processHost(host, mayRunSteps(plan))),
      )
  }
}

/** Of a group, any link may have some. */
function mayRunSteps({ group, through, each }: LinkPlan): boolean {
  return group !== undefined || isStep(through) || isStep(each)
}

function hosting(placement: Placed, { group, restart }: LinkPlan, start: StartHost): Hosting {
  return group === undefined ? ownHosting(start, restart) : groupHosting(group, { placement, restart }, start)
}
