import { type Delivery, fifoQueue } from 'queuelink'
import { batch, each, perItem, settle } from 'queuelink/operators'
import { map, type Observable, of, pipe, take, toArray } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const deliveries = fifoQueue<number>().deliveries()

it('infers the output of a handler', () => {
  expectTypeOf(deliveries.pipe(each(n => `${n}`))).toEqualTypeOf<Observable<Delivery<string>>>()
  expectTypeOf(deliveries.pipe(each(async n => n.toFixed()))).toEqualTypeOf<Observable<Delivery<string>>>()
  expectTypeOf(deliveries.pipe(each(n => of(n.toFixed())))).toEqualTypeOf<Observable<Delivery<string>>>()
  expectTypeOf(deliveries.pipe(each((n, { id }) => id + n.toFixed()))).toEqualTypeOf<Observable<Delivery<string>>>()
  expectTypeOf(deliveries.pipe(each(() => {}))).toEqualTypeOf<Observable<Delivery<void>>>()
})

it('infers the output of an operator', () => {
  expectTypeOf(deliveries.pipe(each(perItem(map(n => n.toFixed()))))).toEqualTypeOf<Observable<Delivery<string>>>()
  expectTypeOf(deliveries.pipe(each(perItem(toArray())))).toEqualTypeOf<Observable<Delivery<number[]>>>()
  const plain = each(map((n: number) => n.toFixed()))
  expectTypeOf(deliveries.pipe(plain)).toEqualTypeOf<Observable<Delivery<string>>>()
  const piped = each(
    pipe(
      map((n: number) => n.toFixed()),
      take(1),
    ),
  )
  expectTypeOf(deliveries.pipe(piped)).toEqualTypeOf<Observable<Delivery<string>>>()
})

it('makes values of deliveries, and arrays of items', () => {
  expectTypeOf(deliveries.pipe(settle())).toEqualTypeOf<Observable<number>>()
  expectTypeOf(deliveries.pipe(batch({ count: 2 }))).toEqualTypeOf<Observable<Delivery<number[]>>>()
  expectTypeOf(deliveries.pipe(batch({ bytes: 9, sizeOf: n => n }), settle())).toEqualTypeOf<Observable<number[]>>()
})

it('refuses what is no handler, and streams of other things', () => {
  // @ts-expect-error a handler for other items
  deliveries.pipe(each((text: string) => text))
  // @ts-expect-error values are not deliveries
  of(1).pipe(settle())
  // @ts-expect-error an unknown option
  batch({ count: 2, size: 2 })
})
