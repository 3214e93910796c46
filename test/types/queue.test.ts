import { type Delivery, fifoQueue, type Queue, type Sink, type SyncQueue } from 'queuelink'
import { map, type Observable, type Observer } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

interface Animal {
  name: string
}
interface Dog extends Animal {
  bark(): void
}

it('types items on both sides', () => {
  const queue = fifoQueue<number>()
  expectTypeOf(queue).toEqualTypeOf<SyncQueue<number>>()
  expectTypeOf(queue.get).returns.toEqualTypeOf<Promise<number>>()
  expectTypeOf(queue.getBatch).returns.toEqualTypeOf<Promise<number[]>>()
  expectTypeOf(queue.peek()).toEqualTypeOf<number | undefined>()
  expectTypeOf(queue.deliveries()).toEqualTypeOf<Observable<Delivery<number>>>()
  expectTypeOf(queue.sink()).toEqualTypeOf<Sink<number>>()
  expectTypeOf(queue.sink().done).toEqualTypeOf<Promise<void>>()
  expectTypeOf(queue.shutdown).returns.toEqualTypeOf<Promise<number[]>>()
  expectTypeOf(queue.put).parameter(0).toEqualTypeOf<number>()
  // @ts-expect-error a string is no number
  void queue.put('1').catch(() => {})
})

it('is an Observable, an Observer, async iterable and async disposable', () => {
  const queue = fifoQueue<number>()
  expectTypeOf(queue).toExtend<Observable<number>>()
  expectTypeOf(queue).toExtend<Observer<number>>()
  expectTypeOf(queue).toExtend<AsyncIterable<number>>()
  expectTypeOf(queue).toExtend<AsyncDisposable>()
  expectTypeOf(queue.pipe(map(String))).toEqualTypeOf<Observable<string>>()
})

it('is invariant: a queue gives and takes', () => {
  expectTypeOf<Queue<Dog>>().not.toExtend<Queue<Animal>>()
  expectTypeOf<Queue<Animal>>().not.toExtend<Queue<Dog>>()
  expectTypeOf<SyncQueue<Dog>>().not.toExtend<SyncQueue<Animal>>()
  expectTypeOf<SyncQueue<Dog>>().toExtend<Queue<Dog>>()
})

it('takes from narrower sources and gives to wider observers', () => {
  const dogs = fifoQueue<Dog>()
  const animals = fifoQueue<Animal>()
  dogs.subscribe(animals).unsubscribe()
  dogs.subscribe(animals.sink()).unsubscribe()
  // @ts-expect-error not every animal is a dog
  animals.subscribe(dogs).unsubscribe()
})

it('types what consume hands over', () => {
  const queue = fifoQueue<number>()
  const done = queue.consume((item, delivery) => {
    expectTypeOf(item).toEqualTypeOf<number>()
    expectTypeOf(delivery).toEqualTypeOf<Delivery<number>>()
  })
  expectTypeOf(done).toEqualTypeOf<Promise<void>>()
  void queue.shutdown()
})
