import { optionError } from '../errors/option-error.js'
import { Deferred } from '../util/deferred.js'
import { onAbort } from '../util/on-abort.js'
import type { Delivery, LeasedDelivery } from './delivery.js'
import { DeliveryLane } from './delivery-lane.js'
import { handlingItemOf } from './handling.js'
import type { Mailbox } from './mailbox.js'

export type Handler<T> = (item: T, delivery: Delivery<T>) => unknown

export interface ConsumeOptions {
  /** Handlers at work at the same time. 1. */
  concurrency?: number
  signal?: AbortSignal
}

/** Hands every item to the handler, awaits it, then acks; a throw nacks. Resolves when the queue completes. */
export function consume<T>(
  mailbox: Mailbox<T>,
  handler: Handler<T>,
  o: ConsumeOptions | undefined,
  joinable: boolean,
): Promise<void> {
  const { concurrency = 1, signal } = o ?? {}
  if (!(concurrency >= 1) || (concurrency !== Number.POSITIVE_INFINITY && !Number.isInteger(concurrency))) {
    return Promise.reject(optionError('concurrency', 'a positive whole number or Infinity', concurrency))
  }
  if (signal?.aborted) return Promise.reject(signal.reason)
  const done = new Deferred<void>()
  const call = joinable ? (d: Delivery<T>) => handlingItemOf(mailbox, () => handler(d.value, d)) : undefined
  let running = 0
  /** How it ends once no handler runs any more. */
  let ending: (() => void) | undefined
  const endWhenIdle = (end: () => void): void => {
    forget()
    if (running === 0) end()
    else ending = end
  }
  const forget = onAbort(signal, () => {
    lane.unsubscribe()
    endWhenIdle(() => done.reject(signal?.reason))
  })

  const settle = (delivery: LeasedDelivery<T>, failed: boolean, reason?: unknown): void => {
    running--
    if (!delivery.isSettled) failed ? void delivery.nack({ reason }) : delivery.settle()
    if (running === 0) ending?.()
  }
  const lane = new DeliveryLane<T>(mailbox, concurrency, {
    next: delivery => {
      const leased = delivery as LeasedDelivery<T>
      running++
      let result: unknown
      try {
        result = call ? call(delivery) : handler(delivery.value, delivery)
      } catch (reason) {
        settle(leased, true, reason)
        return
      }
      if (!isThenable(result)) settle(leased, false)
      else {
        result.then(
          () => settle(leased, false),
          reason => settle(leased, true, reason),
        )
      }
    },
    error: reason => endWhenIdle(() => done.reject(reason)),
    complete: () => endWhenIdle(done.resolve),
    letGo: closed => {
      forget()
      done.reject(closed)
    },
  })
  mailbox.enrol(lane)
  return done.promise
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
