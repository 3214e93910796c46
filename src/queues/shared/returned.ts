import { GRAIN } from './geometry.js'
import type { Records } from './records.js'
import type { Views } from './views.js'

/** Slots that were given back, or whose delay is over, the oldest item first. Can be made again from the words. */
export class Returned {
  readonly #views: Views
  readonly #records: Records

  constructor(views: Views, records: Records) {
    this.#views = views
    this.#records = records
  }

  /** The slot of the oldest; -1 if there is none. */
  first(): number {
    const views = this.#views
    return views.returnedLength === 0 ? -1 : (views.ints[views.returnedBase + views.returnedHead] as number)
  }

  shift(): void {
    const views = this.#views
    views.returnedHead++
    views.returnedLength--
    if (views.returnedLength === 0) views.returnedHead = 0
  }

  /** Puts a slot in its place. */
  insert(slot: number): void {
    const views = this.#views
    const { ints, returnedBase } = views
    let head = views.returnedHead
    const count = views.returnedLength
    if (head + count === views.geometry.slots) {
      ints.copyWithin(returnedBase, returnedBase + head, returnedBase + head + count)
      head = 0
    }
    const position = this.position(slot)
    // What comes back together comes back in order, as a rule.
    let low = 0
    let high = count
    while (low < high) {
      const middle = high === count ? count - 1 : (low + high) >> 1
      if (this.position(ints[returnedBase + head + middle] as number) < position) low = middle + 1
      else high = middle
    }
    const at = returnedBase + head + low
    ints.copyWithin(at + 1, at, returnedBase + head + count)
    ints[at] = slot
    views.returnedHead = head
    views.returnedLength = count + 1
  }

  /** Makes the list anew. */
  fill(slots: readonly number[]): void {
    const views = this.#views
    const places = slots.map(slot => ({ slot, position: this.position(slot) })).sort((a, b) => a.position - b.position)
    for (let i = 0; i < places.length; i++) views.ints[views.returnedBase + i] = places[i]?.slot as number
    views.returnedHead = 0
    views.returnedLength = places.length
  }

  position(slot: number): number {
    const views = this.#views
    const chunk = views.ints[views.slotAt(slot) + 1] as number
    return this.#records.position(chunk * GRAIN, slot)
  }
}
