import { SinkOverflowError } from '../errors/sink-overflow-error.js'
import type { Entry } from './entry.js'
import type { PutLine, Waiting } from './put-line.js'
import { type CurrentReceipt, type Settler, slot } from './receipt.js'

/** What an inlet leads to: a queue's mailbox, or a file, stream or pipe. */
export interface Gate<T> {
  readonly name: string
  readonly line: PutLine<T>
  /** Throws if nothing can be put any more. */
  assertOpen(): void
  /** Throws if the value cannot be stored. */
  entry(value: T): Entry<T>
  /** As `entry`, of what is put together; missing where each is stored by itself. */
  entries?(values: readonly T[]): readonly Entry<T>[]
  /** Stores an entry and hands it over in one step, if somebody waits for it. */
  pass?(entry: Entry<T>): boolean
  /** Something was taken; whoever waits for it may be woken. */
  took(): void
  /** A value was refused or dropped. */
  refused(): void
}

export interface SinkOptions {
  /** Values without a receipt that may wait for room. 1024. */
  highWaterMark?: number
  /** What becomes of the next one: `error` fails the sink, `dropNewest` counts it and goes on. */
  overflow?: 'error' | 'dropNewest'
}

export const HIGH_WATER_MARK = 1024

/** The Observer side of everything that stores: joins the current receipt, and settles it when the value is stored. */
export class Inlet<T> {
  readonly #gate: Gate<T>
  readonly #highWaterMark: number
  readonly #dropNewest: boolean
  readonly #onLost: (error: unknown) => void
  readonly #one: Entry<T>[] = []
  /** Stands for what came without a receipt and is on its way. */
  readonly #unreceipted: Settler
  readonly #waiting = new Set<Pushed<T>>()
  /** Of those that wait, the ones that came without a receipt. */
  #loose = 0
  #outstanding = 0
  #whenStored: (() => void) | undefined

  /** `onLost` hears of every value that came without a receipt and will not be stored. */
  constructor(gate: Gate<T>, o: SinkOptions, onLost: (error: unknown) => void) {
    this.#gate = gate
    this.#highWaterMark = o.highWaterMark ?? HIGH_WATER_MARK
    this.#dropNewest = o.overflow === 'dropNewest'
    this.#onLost = onLost
    this.#unreceipted = { stored: () => {}, failed: error => this.lost(error) }
  }

  push(value: T): void {
    const gate = this.#gate
    const receipt = slot.current
    let entry: Entry<T>
    try {
      gate.assertOpen()
      entry = gate.entry(value)
    } catch (error) {
      this.#refuse(receipt, error)
      return
    }
    if (gate.pass?.(entry)) return
    const one = this.#one
    one[0] = entry
    if (!this.#tryNow(one, receipt)) this.#wait([entry], receipt)
  }

  /** Stores all of them as one, or none, which is false: one by one they may fit, or one alone may be refused. */
  pushAll(values: readonly T[], receipt: CurrentReceipt): boolean {
    const gate = this.#gate
    // Who waits already waits for room.
    if (!gate.entries || gate.line.length > 0) return false
    let entries: readonly Entry<T>[]
    try {
      gate.assertOpen()
      entries = gate.entries(values)
    } catch {
      return false
    }
    return this.#tryNow(entries, receipt)
  }

  /** What the gate's store has adopted: it is stored as a whole, as the current receipt, which it has, asks for. */
  pushAdopted(entries: readonly Entry<T>[]): void {
    const receipt = slot.current
    try {
      this.#gate.assertOpen()
    } catch (error) {
      this.#refuse(receipt, error)
      return
    }
    if (!this.#tryNow(entries, receipt)) this.#wait(entries, receipt)
  }

  #tryNow(entries: readonly Entry<T>[], receipt: CurrentReceipt | undefined): boolean {
    const { line } = this.#gate
    if (!line.tryNow(entries)) return false
    if (line.pending) {
      receipt?.join()
      line.whenStored(receipt ?? this.#unreceipted)
    }
    this.#gate.took()
    return true
  }

  #wait(entries: readonly Entry<T>[], receipt: CurrentReceipt | undefined): void {
    const gate = this.#gate
    if (receipt || this.#loose < this.#highWaterMark) {
      const pushed = new Pushed(this, receipt)
      this.#waiting.add(pushed)
      if (!receipt) this.#loose++
      pushed.place = gate.line.wait(entries, pushed)
    } else if (this.#dropNewest) {
      gate.refused()
    } else {
      const full = `${gate.name} is full, and ${this.#highWaterMark} values that came without a receipt wait already`
      const mend = 'slow the source down, raise highWaterMark, or use put(), consume() or a link'
      this.#refuse(undefined, new SinkOverflowError(`${full}: ${mend}`))
    }
  }

  /** Calls back once all values so far are stored, or lost. */
  whenStored(callback: () => void): void {
    this.#whenStored = callback
    this.began()
    const ended = (): void => this.ended()
    this.#gate.line.whenAllStored({ stored: ended, failed: ended })
  }

  /** Takes back what waits for room: the items of receipts go back to their queues, the others are lost. */
  withdraw(error: unknown): void {
    for (const pushed of [...this.#waiting]) {
      if (pushed.place) this.#gate.line.leave(pushed.place)
      pushed.failed(error)
    }
  }

  /** @internal A value waits for room. */
  began(): void {
    this.#outstanding++
  }

  /** @internal The store has taken the value, or will never: it can no longer be taken back. */
  left(pushed: Pushed<T>, receipt: CurrentReceipt | undefined): void {
    if (this.#waiting.delete(pushed) && !receipt) this.#loose--
  }

  /** @internal A value is stored, or lost. */
  ended(): void {
    if (--this.#outstanding > 0 || !this.#whenStored) return
    const callback = this.#whenStored
    this.#whenStored = undefined
    callback()
  }

  /** @internal */
  lost(error: unknown): void {
    this.#refuse(undefined, error)
  }

  #refuse(receipt: CurrentReceipt | undefined, error: unknown): void {
    if (receipt) receipt.spoil(error)
    else {
      this.#gate.refused()
      this.#onLost(error)
    }
  }
}

/** A value that waits for room. */
class Pushed<T> implements Settler {
  place: Waiting<T> | undefined
  #accepted = false
  readonly #inlet: Inlet<T>
  readonly #receipt: CurrentReceipt | undefined

  constructor(inlet: Inlet<T>, receipt: CurrentReceipt | undefined) {
    this.#inlet = inlet
    this.#receipt = receipt
    inlet.began()
    receipt?.join()
  }

  accepted(): void {
    if (this.#accepted) return
    this.#accepted = true
    this.#inlet.left(this, this.#receipt)
    this.#receipt?.accepted?.()
  }

  stored(): void {
    this.accepted()
    this.#inlet.ended()
    this.#receipt?.stored()
  }

  failed(error: unknown): void {
    this.accepted()
    this.#inlet.ended()
    if (this.#receipt) this.#receipt.failed(error)
    else this.#inlet.lost(error)
  }
}
