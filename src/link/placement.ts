import type { LinkPlan } from './link-plan.js'
import { isStep } from './step.js'

export type Placement = 'auto' | Placed
export type Placed = 'inline' | 'thread' | 'process'

/** Decides where a link runs, and says why. */
export function place(wish: Placement, plan: LinkPlan): { placement: Placed; why: string } {
  if (wish !== 'auto') return { placement: wish, why: 'as asked for' }
  for (const { endpoint } of [...plan.sources, ...plan.destinations]) {
    if (!endpoint.file && !endpoint.queue)
      return { placement: 'inline', why: `only this process can open ${endpoint.name}` }
  }
  for (const operator of [plan.through, plan.each]) {
    if (operator && !isStep(operator)) return { placement: 'inline', why: 'an operator is a function, not a step' }
  }
  return { placement: 'process', why: 'endpoints and operators can all be opened in a child' }
}
