import type { OperatorFunction } from 'rxjs'
import type { OnError } from './on-error.js'
import type { OpenSource } from './open-source.js'
import type { Placeable, PlaceableDestination } from './runtime/runtime.js'
import type { Step } from './step.js'

/** A link as its options and endpoints make it; the lists grow while it runs. */
export interface LinkPlan {
  /** What endpoints did that have left. */
  readonly past: { items: number; settled: number; bytes: number }
  readonly name: string
  readonly sources: Placeable<OpenSource>[]
  readonly destinations: PlaceableDestination[]
  readonly through: OperatorFunction<unknown, unknown> | Step | undefined
  readonly each: ((...args: never[]) => unknown) | Step | undefined
  readonly key: ((item: unknown) => string | number) | undefined
  readonly concurrency: number
  readonly prefetch: number | undefined
  readonly atMostOnce: boolean
  /** What becomes of an item on which `each` fails. */
  readonly onError: OnError
  /** Of links that share a child. */
  readonly group: string | undefined
  /** Children that share the work. */
  readonly workers: number
  /** Milliseconds within which a child must show that it lives. */
  readonly heartbeat: number
  readonly restart: { readonly max: number; readonly backoff: number }
}
