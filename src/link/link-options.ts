import type { OperatorFunction } from 'rxjs'
import type { EachHandler } from '../core/each-delivery.js'
import { checkCount } from '../core/options.js'
import { LinkError } from '../errors/link-error.js'
import { optionError } from '../errors/option-error.js'
import type { LinkPlan } from './link-plan.js'
import { ON_ERROR, type OnError } from './on-error.js'
import type { Placement } from './placement.js'
import { isStep, type Step } from './step.js'
import type { WhenSlow } from './when-slow.js'

/** `S`: what the sources give, and `each` takes; `E`: what `through` takes. */
export interface LinkOptions<S = never, E = never> {
  name?: string
  /** `auto`: a child process when endpoints and operators can all be opened there, else in this thread. */
  placement?: Placement
  /** Links placed `process` or `thread` with the same group share one child, and start again together when it dies. */
  group?: string
  /** Transforms the whole stream, in the call that brings an item. */
  through?: OperatorFunction<E, unknown> | Step
  /** Transforms each delivery on its own, asynchronously too, at least once. */
  each?: EachHandler<S, unknown> | Step
  /** Items that `each` works on at a time. 1. */
  concurrency?: number
  /** What becomes of an item on which `each` fails: `retry`. An error of `through` always ends the link. */
  onError?: OnError
  /** Items of a source for which it answers the same are worked on one after another, also by several `workers`. */
  key?: (item: S) => string | number
  /** Children that share the work of a link placed `process` or `thread`. 1. */
  workers?: number
  /** Milliseconds in which a child must show that it lives, or it is replaced; Infinity for steps that work longer in one go. 30,000. */
  heartbeat?: number
  /** Shuts destination queues down, and completes Observers, when all sources have ended. */
  closeOnComplete?: boolean
  /** Items out of each source at once and not stored everywhere. 256; 1,024 of a file or stream. */
  prefetch?: number
  /** `at-most-once` lets `through` hold values: what it holds is lost in a crash. */
  delivery?: 'at-least-once' | 'at-most-once'
  /** `max` restarts of the child in a row without progress (5), the first after `backoff` ms (100), then twice as long. */
  restart?: { max?: number; backoff?: number }
  /** Milliseconds between two emissions of `metrics$`. 1,000. */
  metricsInterval?: number
}

/** The same with an RxJS operator for `each`, which is applied to each delivery on its own. */
export interface OperatorLinkOptions<S = never, E = never> extends Omit<LinkOptions<S, E>, 'each'> {
  each: OperatorFunction<S, unknown>
}

export interface StopOptions {
  /** Waits until what is under way is stored. True. */
  drain?: boolean
  /** Milliseconds to wait before letting go. 10,000. */
  timeout?: number
}

export interface WriteOptions {
  /** What becomes of items for this destination when it is slower than the link. `wait`. */
  whenSlow?: WhenSlow
}

export interface UnregisterOptions {
  /** Milliseconds for what is under way; then it is let go, and goes back where nothing else stores it. No limit. */
  timeout?: number
  /** Lets go at once. */
  force?: boolean
}

const PLACEMENTS = ['auto', 'inline', 'thread', 'process']

/** What options make of a link that has no ends yet. Throws for options that cannot be. */
export function planOf(o: LinkOptions | OperatorLinkOptions): LinkPlan {
  const { restart = {}, placement = 'auto', delivery = 'at-least-once', onError = 'retry', heartbeat = 30_000 } = o
  if (!PLACEMENTS.includes(placement))
    throw optionError('placement', "'auto', 'inline', 'thread' or 'process'", placement)
  if (!['at-least-once', 'at-most-once'].includes(delivery)) {
    throw optionError('delivery', "'at-least-once' or 'at-most-once'", delivery)
  }
  if (!ON_ERROR.includes(onError)) throw optionError('onError', `one of ${ON_ERROR.join(', ')}`, onError)
  if (!(typeof heartbeat === 'number' && heartbeat > 0)) throw optionError('heartbeat', 'milliseconds', heartbeat)
  const workers = checkCount('workers', o.workers, 1)
  if (workers > 1 && placement === 'inline') {
    throw optionError('workers', '1 for a link that runs inline: place it in a process or a thread', workers)
  }
  checkGroup(o.group, placement, workers)
  for (const operator of [o.through, o.each]) checkOperator(operator, placement)
  if (o.key !== undefined && typeof o.key !== 'function') throw optionError('key', 'a function of an item', o.key)
  return {
    name: o.name ?? 'link',
    sources: [],
    destinations: [],
    past: { items: 0, settled: 0, bytes: 0 },
    through: o.through as LinkPlan['through'],
    each: o.each as LinkPlan['each'],
    key: o.key as LinkPlan['key'],
    concurrency: checkCount('concurrency', o.concurrency, 1),
    prefetch: o.prefetch === undefined ? undefined : checkCount('prefetch', o.prefetch, 1),
    atMostOnce: delivery === 'at-most-once',
    onError,
    group: o.group,
    workers,
    heartbeat,
    restart: {
      max: restart.max === 0 ? 0 : checkCount('restart.max', restart.max, 5),
      backoff: checkCount('restart.backoff', restart.backoff, 100),
    },
  }
}

/** Milliseconds, or no limit. */
export function checkTimeout(timeout: number): number {
  if (typeof timeout === 'number' && timeout >= 0) return timeout
  throw optionError('timeout', 'milliseconds, 0 or more', timeout)
}

function checkGroup(group: unknown, placement: Placement, workers: number): void {
  if (group === undefined) return
  if (typeof group !== 'string' || group === '') throw optionError('group', 'a name', group)
  if (placement !== 'process' && placement !== 'thread') {
    throw optionError(
      'group',
      'nothing for a link that need not have a child: place it in a process or a thread',
      group,
    )
  }
  if (workers > 1) throw optionError('workers', `1 for a link of group '${group}', which has one child`, workers)
}

function checkOperator(operator: unknown, placement: Placement): void {
  if (operator === undefined || isStep(operator)) return
  if (typeof operator !== 'function') throw optionError('through and each', 'a function or a step', operator)
  if (placement === 'auto' || placement === 'inline') return
  const mend = 'name it with step(new URL(…), export), or leave the placement to auto or inline'
  throw new LinkError(
    `a function cannot be sent to a ${placement === 'thread' ? 'thread' : 'child process'}; ${mend}`,
    'ERR_LINK_CLOSURE',
  )
}
