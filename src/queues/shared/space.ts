import { QueueLinkError } from '../../errors/queue-link-error.js'
import { GRAIN, RESERVE } from './geometry.js'
import { type Records, recordBytes } from './records.js'
import type { Views } from './views.js'
import { isHeld, READY, stateOf } from './word.js'

/**
 * The room in the ring. Records are freed at the tail, in order; an old one whose items are all held by somebody is
 * copied to the head, so that one consumer that stands still blocks nobody. A part of the ring stays free for that.
 *
 * A record lives while a descriptor in its span points at it and is not free: there is no other account to keep.
 */
export class Space {
  readonly #views: Views
  readonly #records: Records
  readonly #size: number
  readonly #reserve: number

  constructor(views: Views, records: Records) {
    this.#views = views
    this.#records = records
    this.#size = views.geometry.ringBytes
    this.#reserve = views.geometry.ringBytes / RESERVE
  }

  /** What puts may fill. */
  get capacity(): number {
    return this.#size - this.#reserve
  }

  get used(): number {
    return this.#views.head - this.#views.tail
  }

  /** Makes room for so many bytes behind the head; false if there is none before something is taken or settled. */
  make(bytes: number): boolean {
    const views = this.#views
    if (this.fits(bytes)) return true
    if (this.isFull) return false
    // More than asked for, where it costs nothing.
    this.sweep(Math.max(bytes, this.#size / 4))
    // Once round: what was copied forward is not copied again.
    for (const end = views.head; !this.fits(bytes) && views.tail < end; ) {
      const place = views.placeOf(views.tail)
      const life = this.#life(place)
      if (life === 'waits') break
      const length = this.#lengthAt(place)
      if (life === 'held') this.#forward(place, length)
      views.tail += length
    }
    if (this.fits(bytes)) return true
    views.fullAt = this.#progress()
    return false
  }

  /** Frees what is dead at the tail, until so many bytes fit. */
  sweep(bytes: number): void {
    const views = this.#views
    while (views.tail < views.head && !this.fits(bytes)) {
      const place = views.placeOf(views.tail)
      if (this.#life(place) !== 'dead') return
      views.tail += this.#lengthAt(place)
    }
  }

  /** Without making any: a look that needs no lock. */
  fits(bytes: number): boolean {
    return this.#views.head + bytes <= this.#views.tail + this.capacity
  }

  /** A put found no room, and nothing was taken or settled since. */
  get isFull(): boolean {
    return this.#views.fullAt === this.#progress()
  }

  /** Never 0, which stands for: not full. */
  #progress(): number {
    return 1 + this.#views.settled + this.#views.takePos
  }

  #lengthAt(place: number): number {
    const length = recordBytes(this.#records.length(place))
    if (!(length > 0 && this.#views.tail + length <= this.#views.head)) throw damaged()
    return length
  }

  /** `waits`: an item of it is READY, and so is everything behind it. */
  #life(place: number): 'dead' | 'held' | 'waits' {
    const views = this.#views
    const chunk = place / GRAIN
    const span = this.#records.span(place)
    const mask = views.geometry.slots - 1
    let slot = views.slotOf(this.#records.first(place))
    let held = false
    for (let left = span; left > 0; left--, slot = (slot + 1) & mask) {
      const at = views.slotAt(slot)
      if (views.ints[at + 1] !== chunk) continue
      const word = views.ints[at] as number
      if (stateOf(word) === READY) return 'waits'
      if (isHeld(word)) held = true
    }
    return held ? 'held' : 'dead'
  }

  #forward(place: number, length: number): void {
    const views = this.#views
    const { head } = views
    const to = views.placeOf(head)
    this.#records.copy(place, to)
    // From here on both copies are there; the new one is dead for as long as no descriptor points at it.
    views.commit(head + length, views.putPos, views.putCount)
    const mask = views.geometry.slots - 1
    let slot = views.slotOf(this.#records.first(to))
    for (let left = this.#records.span(to); left > 0; left--, slot = (slot + 1) & mask) {
      const at = views.slotAt(slot)
      if (views.ints[at + 1] === place / GRAIN && isHeld(views.ints[at] as number)) views.ints[at + 1] = to / GRAIN
    }
  }
}

export function damaged(): QueueLinkError {
  return new QueueLinkError(
    'the memory of this shared queue is damaged: something else has written to its file; remove it with unlink()',
    'ERR_DAMAGED',
  )
}
