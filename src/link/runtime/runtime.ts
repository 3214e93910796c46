import type { Endpoint } from '../endpoint.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { Progress } from '../protocol.js'

export interface Placeable<Opened> {
  readonly id: number
  readonly endpoint: Endpoint<Opened>
}

/** How the stop of a runtime went. */
export interface RuntimeStop {
  /** Something was under way until the end. */
  readonly forced: boolean
  /** Items that were under way and went back to their sources. */
  readonly returned: number
}

/** Where a link runs. One implementation a placement; a link knows no other difference. */
export interface Runtime {
  /** Resolves when the link is done; rejects with the first cause. */
  readonly done: Promise<void>
  readonly restarts: number
  /** Opens and runs what the plan lists. Nothing is left open if it rejects. */
  start(): Promise<void>
  /** What is added before the runtime has started is found in the plan. Throws, and adds nothing, if it has ended. */
  addSource(source: Placeable<OpenSource>): void
  addDestination(destination: Placeable<OpenDestination>): void
  progress(): Progress
  /** Lets go of everything, at the latest shortly after `timeout` ms. */
  stop(drain: boolean, timeout: number): Promise<RuntimeStop>
}
