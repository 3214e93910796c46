/** Hears once how storing ended: a receipt, or a waiting put. */
export interface Settler {
  /** The store has taken it: what remains is to hear that it is stored. */
  accepted?(): void
  stored(): void
  failed(error: unknown): void
}

/**
 * Joins an item with all sinks that it reaches in one call stack. Whoever passes the item on holds it open with one
 * count of its own and releases that when `next` has returned; each sink adds one and releases it when it has stored.
 */
export abstract class Receipt implements Settler {
  #open = 1
  #failed = false
  #error: unknown

  /** A sink that will store later takes part; it says `accepted`, once, before `stored` or `failed`. */
  join(): void {
    this.#open++
  }

  stored(): void {
    if (--this.#open === 0) this.#end()
  }

  /** A sink that joined could not store. */
  failed(error: unknown): void {
    this.spoil(error)
    this.stored()
  }

  /** Lets the receipt fail when it settles; the first cause wins. */
  spoil(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#error = error
  }

  /** The item's passer-on reads whether anybody still holds it, and may use the receipt again if not. */
  protected get idle(): boolean {
    return this.#open === 1 && !this.#failed
  }

  protected abstract settled(): void
  protected abstract spoiled(error: unknown): void

  #end(): void {
    if (this.#failed) this.spoiled(this.#error)
    else this.settled()
  }
}

/** What sinks need of a receipt; another copy of this package may have made it. */
export type CurrentReceipt = Pick<Receipt, 'join' | 'stored' | 'failed' | 'spoil'> & Pick<Settler, 'accepted'>

interface Slot {
  current: CurrentReceipt | undefined
}

const key = Symbol.for('queuelink.receipt')
const holder = globalThis as { [key]?: Slot }

/** The receipt of the item that is being passed on in this call stack; shared by all copies of this package in the thread. */
holder[key] ??= { current: undefined }
export const slot: Slot = holder[key]
