import { Observable, type OperatorFunction } from 'rxjs'
import type { Delivery } from '../core/delivery.js'
import { DerivedDelivery } from '../core/derived-delivery.js'
import type { InnerDelivery } from '../core/inner-delivery.js'
import { UNSTORED } from './joint.js'
import type { Route } from './route.js'
import { RoutedDelivery } from './source-lane.js'

/** The route of the item that is passed on in this call stack. */
export interface Taking {
  route: Route | undefined
}

/** Sets the route of each delivery while it is passed on. `onPassed` hears when operators are done with the last of one. */
export function routing(taking: Taking, onPassed: () => void): OperatorFunction<Delivery<unknown>, Delivery<unknown>> {
  return source =>
    new Observable(subscriber =>
      source.subscribe({
        next: delivery => {
          const origin = originOf(delivery)
          const before = taking.route
          taking.route = origin?.route
          try {
            subscriber.next(delivery)
          } finally {
            taking.route = before
          }
          if (delivery instanceof DerivedDelivery && delivery.isOnly && origin?.passed()) onPassed()
        },
        error: error => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )
}

/** An item that all its destinations have dropped comes again later. */
export function putOff(delivery: Delivery<unknown>, error: unknown): boolean {
  if (error !== UNSTORED) return false
  originOf(delivery)?.putOff()
  return true
}

function originOf(delivery: Delivery<unknown>): RoutedDelivery | undefined {
  const { origin } = delivery as Partial<InnerDelivery<unknown>>
  return origin instanceof RoutedDelivery ? origin : undefined
}
