import { GRAIN } from './geometry.js'
import { Records, recordBytes } from './records.js'
import { Returned } from './returned.js'
import type { SharedParcel } from './sealing.js'
import { Space } from './space.js'
import type { Views } from './views.js'
import { DELAYED, FREE, isHeld, isLeasedBy, LEASED, leasedBy, READY, RETURNED, stateOf, withState } from './word.js'
import type { Words } from './words.js'

/** A shared queue that was shut down at once: what comes back to it is gone. */
export const GONE = 2

/** A lease: it holds as long as its word stands in its slot. */
export interface Lent {
  readonly slot: number
  readonly word: number
}

/** Told of each item that a take leases. */
export interface Grantee {
  /** `place`: of the record in the ring, at this moment. */
  granted(slot: number, place: number): void
}

/**
 * Who has which item of a shared queue. All of it happens under the queue's lock, and may end at any instruction: whoever
 * takes the lock over from the dead calls `repair` before anything else.
 */
export class Ledger {
  readonly views: Views
  readonly records: Records
  readonly space: Space
  readonly #returned: Returned

  constructor(views: Views) {
    this.views = views
    this.records = new Records(views)
    this.space = new Space(views, this.records)
    this.#returned = new Returned(views, this.records)
  }

  get held(): number {
    const { ready, delayed, leased } = this.views
    return ready + delayed + leased
  }

  /** Nothing more comes in before something is taken or settled. */
  get isFull(): boolean {
    return this.held >= this.views.geometry.capacity || this.space.isFull
  }

  /** Stores all of the parcels or none. `due`: clock ms, 0 at once; `at`: when they were put. */
  put(parcels: readonly SharedParcel[], count: number, due: number, at: number): boolean {
    const { views, records } = this
    const { capacity, slots } = views.geometry
    if (this.held + count > capacity) return false
    let bytes = 0
    for (const { bytes: parcel, length = parcel.length } of parcels) bytes += recordBytes(length)
    if (!this.space.make(bytes)) return false
    this.#advance()
    let { head } = views
    const mask = slots - 1
    const before = views.putPos
    let position = before
    let slot = views.slotOf(position)
    for (const { bytes: parcel, length = parcel.length, count: items, payloads, words } of parcels) {
      const place = views.placeOf(head)
      const chunk = place / GRAIN
      let first = -1
      for (let index = 0; index < items; position++, slot = (slot + 1) & mask) {
        const at = views.slotAt(slot)
        const word = views.ints[at] as number
        if (isHeld(word)) continue
        if (first < 0) first = position
        views.ints[at] = withState(word, READY)
        views.ints[at + 1] = chunk
        views.ints[at + 2] = index++
        views.ints[at + 3] = 0
      }
      records.writeHeader(place, length, items, position - first, first, due, at, payloads !== undefined)
      records.writeParcel(place, parcel, length, words)
      head += recordBytes(length)
    }
    views.commit(head, position, views.putCount + count)
    views.ready += count
    if (due > 0) this.#delay(before, position, due)
    return true
  }

  /** Leases up to `max` items for the owner, the oldest first; answers how many. `whole`: no parcel is cut, also beyond `max`. */
  take(max: number, owner: number, grantee: Grantee, whole = false): number {
    const { views } = this
    let count = 0
    while (count < max) {
      const fresh = this.#advance()
      const back = this.#returned.first()
      if (back < 0 && !fresh) break
      let until = views.putPos
      if (back >= 0) {
        const place = this.#returned.position(back)
        if (!fresh || place < views.takePos) {
          this.#lease(back, owner, grantee)
          this.#returned.shift()
          count++
          continue
        }
        until = place
      }
      // As far as nothing that was given back is older.
      const mask = views.geometry.slots - 1
      let position = views.takePos
      let slot = views.slotOf(position)
      for (; position < until; position++, slot = (slot + 1) & mask) {
        if (count >= max && !(whole && this.#isWithin(slot))) break
        if (stateOf(views.word(slot)) !== READY) continue
        this.#lease(slot, owner, grantee)
        count++
      }
      views.takePos = position
    }
    if (count > 0) {
      views.ready -= count
      views.leased += count
    }
    return count
  }

  /** The lease still holds. Needs no lock: only its owner ends it, or the reaper of a dead owner. */
  holds({ slot, word }: Lent): boolean {
    return this.views.word(slot) === word
  }

  /** The items leave for good; answers how many leases held, of which slot and word are given. */
  ack({ list, length }: Words): number {
    let done = 0
    for (let at = 0; at < length; at += 2) if (this.#free(list[at] as number, list[at + 1] as number)) done++
    return this.#left(done)
  }

  /** The item returns to its place, to be taken from `due` on (0: at once). False: the lease no longer held. */
  giveBack(lent: Lent, attempt: number, due: number): boolean {
    const { views } = this
    const { slot, word } = lent
    if (views.word(slot) !== word) return false
    views.ints[views.slotAt(slot) + 3] = attempt
    if (due > 0) {
      views.setDue(slot, due)
      views.setWord(slot, withState(word, DELAYED))
      this.#expect(due)
      views.delayed++
    } else {
      views.setWord(slot, withState(word, RETURNED))
      this.#returned.insert(slot)
      views.ready++
    }
    views.leased--
    return true
  }

  /** Counts a hand-over; only the owner of the lease does. Needs no lock. */
  handedOver({ slot, word }: Lent, attempt: number): void {
    const { views } = this
    if (views.word(slot) === word) views.ints[views.slotAt(slot) + 3] = attempt
  }

  /** What has fallen due can be taken. */
  promote(now: number): void {
    const { views } = this
    if (views.delayed === 0 || views.nextDue > now) return
    let next = Number.POSITIVE_INFINITY
    views.eachUsed((slot, word) => {
      if (stateOf(word) !== DELAYED) return
      const due = views.due(slot)
      if (due > now) {
        if (due < next) next = due
        return
      }
      views.setWord(slot, withState(word, RETURNED))
      this.#returned.insert(slot)
      views.ready++
      views.delayed--
    })
    views.nextDue = next
  }

  /** The slot of the item that would be taken next; -1 if there is none. */
  first(): number {
    const { views } = this
    const fresh = this.#advance()
    const back = this.#returned.first()
    if (back >= 0 && !(fresh && views.takePos < this.#returned.position(back))) return back
    return fresh ? views.slotOf(views.takePos) : -1
  }

  /** The record's place in the ring, and the item's in its parcel. */
  whereabouts(slot: number): { place: number; index: number } {
    const { ints } = this.views
    const at = this.views.slotAt(slot)
    return { place: (ints[at + 1] as number) * GRAIN, index: ints[at + 2] as number }
  }

  /** When the oldest item that nobody has settled was put; undefined if there is none. */
  oldest(): number | undefined {
    const { views } = this
    let oldest: number | undefined
    views.eachUsed(slot => {
      const at = this.records.putAt(this.whereabouts(slot).place)
      if (oldest === undefined || at < oldest) oldest = at
    })
    return oldest
  }

  /**
   * Works everything out again from the words and from what the last put committed; what `dead` held is given back. May
   * itself end at any instruction, and is then done again.
   */
  repair(dead = -1): void {
    const { views } = this
    const { slots } = views.geometry
    const back: number[] = []
    const waiting = views.putPos - views.takePos
    const takeSlot = views.slotOf(views.takePos)
    let [ready, delayed, leased, nextDue] = [0, 0, 0, Number.POSITIVE_INFINITY]
    views.eachUsed((slot, found) => {
      let word = found
      if (dead >= 0 && isLeasedBy(word, dead)) {
        word = withState(word, views.shut === GONE ? FREE : RETURNED)
        views.setWord(slot, word)
      }
      let state = stateOf(word)
      if (state === READY) {
        const ahead = slot - takeSlot
        if ((ahead < 0 ? ahead + slots : ahead) >= waiting) {
          // Left behind by a put that did not come to its commit.
          views.setWord(slot, withState(word, FREE))
          return
        }
        const due = this.records.due(this.whereabouts(slot).place)
        if (due === 0) ready++
        else {
          views.setDue(slot, due)
          views.setWord(slot, withState(word, DELAYED))
          state = DELAYED
        }
      }
      if (state === LEASED) leased++
      else if (state === RETURNED) back.push(slot)
      else if (state === DELAYED) {
        delayed++
        nextDue = Math.min(nextDue, views.due(slot))
      }
    })
    this.#returned.fill(back)
    views.nextDue = nextDue
    views.ready = ready + back.length
    views.delayed = delayed
    views.leased = leased
    views.settled = views.putCount - this.held
    views.fullAt = 0
  }

  #free(slot: number, word: number): boolean {
    const { views } = this
    if (views.word(slot) !== word) return false
    views.setWord(slot, withState(word, FREE))
    return true
  }

  #left(count: number): number {
    this.views.leased -= count
    this.views.settled += count
    return count
  }

  /** Moves the take hand to the next READY descriptor; false if there is none. */
  #advance(): boolean {
    const { views } = this
    const end = views.putPos
    const from = views.takePos
    if (from >= end) return false
    const mask = views.geometry.slots - 1
    let position = from
    let slot = views.slotOf(position)
    while (position < end && stateOf(views.word(slot)) !== READY) {
      position++
      slot = (slot + 1) & mask
    }
    if (position > from) views.takePos = position
    return position < end
  }

  /** The item is one behind the first of its parcel, or none at all. */
  #isWithin(slot: number): boolean {
    const { views } = this
    return stateOf(views.word(slot)) !== READY || views.ints[views.slotAt(slot) + 2] !== 0
  }

  /** What was put with a delay waits for its time outside the line. */
  #delay(from: number, to: number, due: number): void {
    const { views } = this
    this.#expect(due)
    for (let position = from; position < to; position++) {
      const slot = views.slotOf(position)
      const word = views.word(slot)
      if (stateOf(word) !== READY) continue
      views.setDue(slot, due)
      views.setWord(slot, withState(word, DELAYED))
      views.ready--
      views.delayed++
    }
  }

  /** Before the item counts as delayed. */
  #expect(due: number): void {
    const { views } = this
    if (views.delayed === 0 || due < views.nextDue) views.nextDue = due
  }

  #lease(slot: number, owner: number, grantee: Grantee): void {
    const { ints } = this.views
    const at = this.views.slotAt(slot)
    ints[at] = leasedBy(ints[at] as number, owner)
    grantee.granted(slot, (ints[at + 1] as number) * GRAIN)
  }
}
