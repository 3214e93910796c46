import type { LinkPlan } from '../link-plan.js'
import type { Placed, PlacedEndpoint } from '../protocol.js'
import { isStep } from '../step.js'
import type { SlowPolicy } from '../when-slow.js'
import type { Placeable } from './runtime.js'

/** Where a child goes on with files that earlier children have worked on. */
export interface FilePlaces {
  /** The byte at which a source is read on. */
  start(id: number): number
  /** A destination that was opened before: it is cut after its last whole record, and not replaced. */
  cut(id: number): boolean
}

/** A link as its child is told of it. */
export function placeLink(
  plan: LinkPlan,
  version: number,
  spill: string,
  place: (end: Placeable<unknown>) => PlacedEndpoint,
): Placed {
  const { sources, destinations, through, each, concurrency, prefetch, atMostOnce } = plan
  return {
    sources: sources.map(place),
    destinations: destinations.map(place),
    version,
    ...(isStep(through) ? { through } : {}),
    ...(isStep(each) ? { each } : {}),
    isKeyed: plan.key !== undefined,
    onError: plan.onError,
    concurrency,
    prefetch,
    atMostOnce,
    spill,
  }
}

/** An endpoint as a child is told of it; of one that is the parent's own it knows no more than the name. */
export function placeEnd(
  end: Placeable<unknown> & { policy?: SlowPolicy },
  isOwn: boolean,
  files: FilePlaces,
): PlacedEndpoint {
  const { id, endpoint, policy } = end
  const { name, file, queue } = endpoint
  const common = { id, name, ...(policy && { policy }) }
  if (isOwn) return common
  return file ? { ...common, file, start: files.start(id), cut: files.cut(id) } : { ...common, ...(queue && { queue }) }
}
