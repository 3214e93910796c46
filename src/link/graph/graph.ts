import type { Observable, OperatorFunction } from 'rxjs'
import type { Delivery } from '../../core/delivery.js'
import type { LinkOptions } from '../link-options.js'
import type { Step } from '../step.js'
import type { Declaration, ItemOf } from './queue-spec.js'

export type Declarations = Readonly<Record<string, Declaration>>

/** What a link of a graph may say besides its ends and steps; as the options of `link()`. */
export type GraphLinkOptions = Omit<LinkOptions, 'name' | 'through' | 'each' | 'closeOnComplete'>

/** A link of a graph, checked, with its name and lists of its ends. */
export interface GraphLink {
  readonly name: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly through: LinkOptions['through']
  readonly each: LinkOptions['each']
  readonly options: GraphLinkOptions
}

/** Queues, and the links between them, as data. */
export interface Graph<Q extends Declarations = Declarations> {
  readonly name: string
  readonly queues: Q
  /** Each after those that feed it. */
  readonly links: readonly GraphLink[]
}

/** One name of a graph's queues, or several. */
export type Ends<Q> = (keyof Q & string) | readonly (keyof Q & string)[]

/** What all destinations of a link take. Boxed, so that a union of one destination stays one. */
type Boxes<Q, N> = (N extends readonly (infer K)[] ? K : N) extends infer K
  ? K extends keyof Q
    ? (box: [ItemOf<Q[K]>]) => void
    : never
  : never
type Wanted<Q, N> = Boxes<Q, N> extends (box: infer B) => void ? (B extends readonly [infer T] ? T : never) : never

type Handler<A, B> = (item: A, delivery: Delivery<A>) => B | PromiseLike<B> | Observable<B>

/** Transforms each delivery on its own, asynchronously too. */
interface Each<A, B> {
  readonly each: Handler<A, B> | Step<Handler<A, B>> | Step<OperatorFunction<A, B>>
  readonly through?: undefined
}

/** Transforms the whole stream, in the call that brings an item. */
interface Through<A, B> {
  readonly through: OperatorFunction<A, B> | Step<OperatorFunction<A, B>>
  readonly each?: undefined
}

/** Without a step, what goes in must be what comes out; of what nobody has given a type, nothing is known. */
type Plain<A, B> = [A] extends [B] ? NoStep : unknown extends A ? NoStep : never

interface NoStep {
  readonly each?: undefined
  readonly through?: undefined
}

interface Between<F, T> extends GraphLinkOptions {
  /** `from → to`, unless it is given. */
  readonly name?: string
  readonly from: F
  readonly to: T
}

type Steps<A, B> = Each<A, B> | Through<A, B> | Plain<A, B>

/** A link as it is written: between names of queues, with a step that fits what these hold. */
export type LinkSpec<Q, T> =
  | { [K in keyof Q]: Between<K, T> & Steps<ItemOf<Q[K]>, Wanted<Q, T>> }[keyof Q]
  // What comes from several sources, the step itself has to say.
  | (Between<readonly (keyof Q)[], T> & { readonly each?: unknown; readonly through?: unknown })
