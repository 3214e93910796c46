import { isObservable, Observable, type OperatorFunction, Subscriber } from 'rxjs'
import { Ring } from '../util/ring.js'
import type { Delivery, Handling } from './delivery.js'
import { DerivedDelivery } from './derived-delivery.js'
import { handlingOf, isSettled, nackNow, releaseNow, settleNow } from './inner-delivery.js'
import { Outputs } from './outputs.js'
import { isLiftError, PerItem } from './per-item.js'

/** What `each` calls for a delivery; an Observable it returns may have any number of outputs. */
export type EachHandler<A, B> = (item: A, delivery: Delivery<A>) => B | PromiseLike<B> | Observable<B>

/** Turns each delivery into deliveries of what becomes of it, `concurrency` of them at a time. */
export function eachDelivery<A, B>(
  transform: EachHandler<A, B> | OperatorFunction<A, B> | PerItem<A, B>,
  concurrency: number,
  onFailed: OnFailed = (delivery, reason) => nackNow(delivery, { reason }),
): OperatorFunction<Delivery<A>, Delivery<B>> {
  return source =>
    new Observable(subscriber => {
      source.subscribe(new Each(subscriber, transform, concurrency, onFailed))
    })
}

/** Settles, in whichever way, a delivery on which the transform has failed. */
type OnFailed = (delivery: Delivery<unknown>, reason: unknown) => void

class Each<A, B> extends Subscriber<Delivery<A>> {
  readonly onFailed: OnFailed
  readonly #target: Subscriber<Delivery<B>>
  readonly #transform: EachHandler<A, B>
  readonly #concurrency: number
  readonly #waiting = new Ring<Delivery<A>>()
  readonly #running = new Set<Inner<A, B>>()
  #perItem: PerItem<A, B> | undefined
  /** The transform has answered an item with something that no operator answers. */
  #isHandler = false
  #atWork = 0
  /** What comes meanwhile waits, so that a drain is a loop and not a recursion. */
  #draining = false
  #sourceEnded = false

  constructor(
    target: Subscriber<Delivery<B>>,
    transform: EachHandler<A, B> | OperatorFunction<A, B> | PerItem<A, B>,
    concurrency: number,
    onFailed: OnFailed,
  ) {
    super(target)
    this.onFailed = onFailed
    this.#target = target
    this.#transform = transform as EachHandler<A, B>
    this.#concurrency = concurrency
    if (transform instanceof PerItem) this.#perItem = transform
  }

  protected override _next(delivery: Delivery<A>): void {
    if (this.#draining || this.#atWork >= this.#concurrency) {
      this.#waiting.push(delivery)
      return
    }
    this.#draining = true
    try {
      this.#start(delivery)
    } finally {
      this.#draining = false
    }
    if (this.#waiting.length > 0 || this.#sourceEnded) this.#drain()
  }

  protected override _complete(): void {
    this.#sourceEnded = true
    this.#drain()
  }

  override unsubscribe(): void {
    super.unsubscribe()
    // What no handler has seen goes back as if it had never been out; what one has seen counts as an attempt.
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) releaseNow(next)
    for (const inner of [...this.#running]) inner.leave()
  }

  left(inner: Inner<A, B>): void {
    this.#running.delete(inner)
  }

  /** A handler is done, so that the next may start. */
  done(): void {
    this.#atWork--
    this.#drain()
  }

  emit(delivery: Delivery<B>): void {
    this.#target.next(delivery)
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      while (this.#atWork < this.#concurrency) {
        const next = this.#waiting.shift()
        if (!next) break
        this.#start(next)
      }
    } finally {
      this.#draining = false
    }
    // Nothing waits while nobody is at work.
    if (!this.#sourceEnded || this.#atWork > 0 || this.closed) return
    this.#target.complete()
    this.unsubscribe()
  }

  #start(delivery: Delivery<A>): void {
    this.#atWork++
    const handling = handlingOf(delivery)
    let result: B | PromiseLike<B> | Observable<B>
    try {
      result = handling ? handling(() => this.#call(delivery)) : this.#call(delivery)
    } catch (error) {
      this.#failed(delivery, error)
      return
    }
    if (typeof result === 'object' && result !== null) {
      if (isObservable(result)) {
        this.#subscribe(delivery, result as Observable<B>, handling)
        return
      }
      if (typeof (result as PromiseLike<B>).then === 'function') {
        this.#isHandler = true
        this.#await(delivery, result as PromiseLike<B>)
        return
      }
    }
    this.#isHandler = true
    this.#atWork--
    this.#emitOnly(delivery, result as B)
  }

  /** The first call of the transform tells an RxJS operator from a handler, without a handler ever seeing an Observable. */
  #call(delivery: Delivery<A>): B | PromiseLike<B> | Observable<B> {
    if (this.#perItem) return this.#perItem.outputs(delivery.value)
    try {
      return this.#transform(delivery.value, delivery)
    } catch (error) {
      if (this.#isHandler || !isLiftError(error)) throw error
      this.#perItem = new PerItem(this.#transform as unknown as OperatorFunction<A, B>)
      return this.#perItem.outputs(delivery.value)
    }
  }

  #await(delivery: Delivery<A>, result: PromiseLike<B>): void {
    result.then(
      value => {
        this.#emitOnly(delivery, value)
        this.done()
      },
      reason => this.#failed(delivery, reason),
    )
  }

  /** Emits the one output of a delivery. */
  #emitOnly(delivery: Delivery<A>, value: B): void {
    if (isSettled(delivery)) return
    if (this.closed) nackNow(delivery, { delay: 0 })
    else this.#target.next(new DerivedDelivery(delivery, value))
  }

  #subscribe(delivery: Delivery<A>, outputs: Observable<B>, handling: Handling | undefined): void {
    const inner = new Inner<A, B>(this, delivery)
    if (this.closed) {
      inner.leave()
      return
    }
    this.#running.add(inner)
    if (handling) handling(() => outputs.subscribe(inner))
    else outputs.subscribe(inner)
    inner.started()
  }

  #failed(delivery: Delivery<A>, reason: unknown): void {
    if (!isSettled(delivery)) this.onFailed(delivery, reason)
    this.done()
  }
}

/** Follows one inner Observable. A single output is all there is until a second one comes, and then they are several. */
class Inner<A, B> extends Subscriber<B> {
  readonly #each: Each<A, B>
  readonly #delivery: Delivery<A>
  #starting = true
  #over = false
  #hasFirst = false
  #first!: B
  #outputs: Outputs | undefined

  constructor(each: Each<A, B>, delivery: Delivery<A>) {
    super()
    this.#each = each
    this.#delivery = delivery
  }

  /** The call that subscribed has returned. */
  started(): void {
    this.#starting = false
    if (!this.#over && this.#hasFirst) this.#several()
  }

  /** Whoever the outputs are for has gone. */
  leave(): void {
    this.#end()
    if (!isSettled(this.#delivery)) nackNow(this.#delivery, { delay: 0 })
  }

  protected override _next(value: B): void {
    if (isSettled(this.#delivery)) return
    if (!this.#outputs && this.#starting && !this.#hasFirst) {
      this.#hasFirst = true
      this.#first = value
      return
    }
    const outputs = this.#several()
    if (!this.#over) this.#each.emit(outputs.derive(value))
  }

  protected override _error(reason: unknown): void {
    if (!this.#end()) return
    if (!isSettled(this.#delivery)) this.#each.onFailed(this.#delivery, reason)
    this.#each.done()
  }

  protected override _complete(): void {
    // From here on the outputs settle the delivery, also if their subscriber leaves.
    if (!this.#end()) return
    if (this.#outputs) this.#outputs.complete()
    else if (!isSettled(this.#delivery)) {
      if (this.#hasFirst) this.#each.emit(new DerivedDelivery(this.#delivery, this.#first))
      else settleNow(this.#delivery)
    }
    this.#each.done()
  }

  #several(): Outputs {
    if (this.#outputs) return this.#outputs
    const outputs = new Outputs(this.#delivery, () => {
      if (this.#end()) this.#each.done()
    })
    this.#outputs = outputs
    if (this.#hasFirst) this.#each.emit(outputs.derive(this.#first))
    return outputs
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#each.left(this)
    this.unsubscribe()
    return true
  }
}
