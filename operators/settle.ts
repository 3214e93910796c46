import type { OperatorFunction } from 'rxjs'
import type { Delivery } from '../src/core/delivery.js'
import { settleDeliveries } from '../src/core/settle-deliveries.js'

export function settle<T>(): OperatorFunction<Delivery<T>, T> {
  return settleDeliveries()
}
