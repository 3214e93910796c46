import type { OperatorFunction } from 'rxjs'
import { PerItem } from '../src/core/per-item.js'

/** Tells `each` that this is an RxJS operator, to be applied to every delivery on its own. */
export function perItem<A, B>(operator: OperatorFunction<A, B>): PerItem<A, B> {
  return new PerItem(operator)
}
