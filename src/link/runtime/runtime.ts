import type { Endpoint } from '../endpoint.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { Progress } from '../protocol.js'

export interface Placeable<Opened> {
  readonly id: number
  readonly endpoint: Endpoint<Opened>
}

/** Where a link runs. One implementation a placement; a link knows no other difference. */
export interface Runtime {
  /** Resolves when the link is done; rejects with the first cause. */
  readonly done: Promise<void>
  readonly restarts: number
  start(): Promise<void>
  addSource(source: Placeable<OpenSource>): void
  addDestination(destination: Placeable<OpenDestination>): void
  progress(): Progress
  /** Resolves with true if it had to be forced. */
  stop(drain: boolean, timeout: number): Promise<boolean>
}
