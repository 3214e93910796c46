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
export function placeLink(plan: LinkPlan, version: number, spill: string, files: FilePlaces): Placed {
  const { sources, destinations, through, each, concurrency, prefetch, atMostOnce } = plan
  return {
    sources: sources.map(source => placeEnd(source, files)),
    destinations: destinations.map(destination => placeEnd(destination, files)),
    version,
    ...(isStep(through) ? { through } : {}),
    ...(isStep(each) ? { each } : {}),
    concurrency,
    prefetch,
    atMostOnce,
    spill,
  }
}

export function placeEnd(end: Placeable<unknown> & { policy?: SlowPolicy }, files: FilePlaces): PlacedEndpoint {
  const { id, endpoint, policy } = end
  const { name, file, queue } = endpoint
  const common = { id, name, ...(policy && { policy }), ...(queue && { queue }) }
  return file ? { ...common, file, start: files.start(id), cut: files.cut(id) } : common
}
