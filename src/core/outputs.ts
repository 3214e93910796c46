import { type Delivery, lost, WINDOW, type Window } from './delivery.js'
import { DerivedDelivery } from './derived-delivery.js'
import { isSettled, settleNow, windowOf } from './inner-delivery.js'
import type { NackOptions } from './mailbox.js'
import { checkDelay } from './options.js'

const NOTED = Promise.resolve()

/**
 * The several outputs of one delivery: it is acked when there will be no more and all are, and nacked, once, when any is.
 * It counts as held back only while all that there is and will be of it is held back.
 */
export class Outputs implements Window {
  readonly parent: Delivery<unknown>
  readonly #onNack: () => void
  readonly #window: Window | undefined
  #open = 0
  #held = 0
  #complete = false
  #parentHeld = false

  /** `onNack`: no more outputs are wanted. */
  constructor(parent: Delivery<unknown>, onNack: () => void) {
    this.parent = parent
    this.#onNack = onNack
    this.#window = windowOf(parent)
  }

  derive<T>(value: T): Delivery<T> {
    this.#open++
    return new OutputDelivery(this, value)
  }

  /** There will be no more outputs. */
  complete(): void {
    this.#complete = true
    if (this.#open === 0) settleNow(this.parent)
    else this.#tell()
  }

  /** False: it was the last one, so that the parent is to be settled now. */
  settledOne(): boolean {
    this.#open--
    const isLast = this.#complete && this.#open === 0
    // A batch that closes by this settles others, and maybe the last, before the call returns.
    this.#tell()
    return !isLast
  }

  nack(o?: NackOptions): Promise<void> {
    const nacked = this.parent.nack(o)
    this.#onNack()
    return nacked
  }

  get isSettled(): boolean {
    return isSettled(this.parent)
  }

  /** Itself, where there is one to pass on to. */
  get window(): Window | undefined {
    return this.#window && this
  }

  get held(): number {
    return this.#held
  }

  set held(count: number) {
    this.#held = count
    this.#tell()
  }

  whenStarved(callback: () => void): () => void {
    return (this.#window as Window).whenStarved(callback)
  }

  #tell(): void {
    const held = this.#complete && this.#open > 0 && this.#held >= this.#open
    if (!this.#window || held === this.#parentHeld) return
    this.#parentHeld = held
    this.#window.held += held ? 1 : -1
  }
}

class OutputDelivery<T> extends DerivedDelivery<T> {
  readonly #outputs: Outputs
  #settled = false

  constructor(outputs: Outputs, value: T) {
    super(outputs.parent, value)
    this.#outputs = outputs
  }

  override get [WINDOW](): Window | undefined {
    return this.#outputs.window
  }

  override get isOnly(): boolean {
    return false
  }

  override get isSettled(): boolean {
    return this.#settled || this.#outputs.isSettled
  }

  override ack(): Promise<void> {
    if (this.#settled) return lost('ack', this.id)
    if (this.#outputs.isSettled) return this.parent.ack()
    this.#settled = true
    return this.#outputs.settledOne() ? NOTED : this.parent.ack()
  }

  override settle(): void {
    if (this.isSettled) return
    this.#settled = true
    if (!this.#outputs.settledOne()) settleNow(this.parent)
  }

  override nack(o?: NackOptions): Promise<void> {
    if (this.#settled) return lost('nack', this.id)
    try {
      checkDelay(o?.delay)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#settled = true
    return this.#outputs.nack(o)
  }
}
