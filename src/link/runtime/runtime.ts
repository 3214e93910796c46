import type { Endpoint } from '../endpoint.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { EdgeCount, Progress, Removal } from '../protocol.js'
import type { SlowPolicy } from '../when-slow.js'

export interface Placeable<Opened> {
  readonly id: number
  readonly endpoint: Endpoint<Opened>
}

export interface PlaceableDestination extends Placeable<OpenDestination> {
  readonly policy: SlowPolicy
}

/** How the stop of a runtime went. */
export interface RuntimeStop {
  /** Something was under way until the end. */
  readonly forced: boolean
  /** Items that were under way and went back, by source. */
  readonly returned: ReadonlyMap<number, number>
}

/** What a runtime tells of itself. */
export interface RuntimeEvents {
  running(where: { readonly pid?: number; readonly threadId?: number }): void
  /** Its child died, and another starts in so many ms. */
  restarting(why: string, ms: number): void
  /** A destination was too slow, and has been removed. */
  detached(id: number, count: EdgeCount): void
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
  addDestination(destination: PlaceableDestination): void
  /** Resolves when every later take includes the endpoint. */
  registered(id: number): Promise<void>
  /** Takes no more from it at once; resolves with what it did when all that was taken is settled, or has gone back. */
  removeSource(source: Placeable<OpenSource>, o: Removal): Promise<EdgeCount>
  /** Takes no more for it at once; resolves with what it did when it has stored all it was owed, or was let go. */
  removeDestination(destination: PlaceableDestination, o: Removal): Promise<EdgeCount>
  progress(): Progress
  /** Lets go of everything, at the latest shortly after `timeout` ms. */
  stop(drain: boolean, timeout: number): Promise<RuntimeStop>
}
