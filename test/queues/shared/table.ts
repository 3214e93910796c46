import { bodyBytes, type Geometry, geometryOf } from '#src/queues/shared/geometry'
import { Ledger } from '#src/queues/shared/ledger'
import { stateOf } from '#src/queues/shared/word'
import { Words } from '#src/queues/shared/words'
import { MortalViews } from './mortal.js'

export interface Grant {
  readonly slot: number
  readonly word: number
  readonly place: number
  readonly index: number
  readonly attempt: number
}

/** A ledger on memory of this process alone, whose parcels hold numbers. */
export class Table {
  readonly views: MortalViews
  readonly ledger: Ledger

  constructor(capacity: number, bytes: number) {
    const geometry: Geometry = geometryOf(capacity, bytes)
    this.views = new MortalViews(new ArrayBuffer(bodyBytes(geometry)), geometry)
    this.ledger = new Ledger(this.views)
  }

  /** As so many parcels, each item of `size` numbers that are all the same; behind some parcels stands what is none of theirs. */
  put(ids: readonly number[], due: number, perParcel: number, size: number): boolean {
    const parcels = []
    for (let from = 0; from < ids.length; from += perParcel) {
      const some = ids.slice(from, from + perParcel)
      const numbers = Float64Array.from(some.flatMap(id => Array<number>(size).fill(id)))
      const length = numbers.byteLength
      const bytes = new Uint8Array(length + 600 * (from % 2)).fill(0xff)
      bytes.set(new Uint8Array(numbers.buffer))
      parcels.push({ bytes, length, count: some.length })
    }
    return this.ledger.put(parcels, ids.length, due, 1)
  }

  take(max: number, user: number): Grant[] {
    const grants: Grant[] = []
    const { views } = this
    const granted = (slot: number, place: number) => {
      const [word = 0, , index = 0, attempt = 0] = views.ints.subarray(views.slotAt(slot))
      grants.push({ slot, word, place, index, attempt })
    }
    this.ledger.take(max, user, { granted })
    return grants
  }

  ack(grants: readonly Grant[]): number {
    const words = new Words(0)
    for (const { slot, word } of grants) words.pair(slot, word)
    return this.ledger.ack(words)
  }

  idOf(place: number, index: number): number {
    const { records } = this.ledger
    const bytes = records.readParcel(place)
    const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
    const size = numbers.length / records.count(place)
    const item = numbers.subarray(index * size, (index + 1) * size)
    if (new Set(item).size !== 1) throw new Error(`item ${index} at ${place} is torn: ${item}`)
    return item[0] as number
  }

  idsOf(grants: readonly Grant[]): number[] {
    return grants.map(({ place, index }) => this.idOf(place, index))
  }

  /** What a slot holds; undefined if it is free. */
  holds(slot: number): number | undefined {
    if (stateOf(this.views.word(slot)) === 0) return undefined
    const { place, index } = this.ledger.whereabouts(slot)
    return this.idOf(place, index)
  }

  ids(): number[] {
    const slots = Array.from({ length: this.views.geometry.slots }, (_, slot) => slot)
    return slots.map(slot => this.holds(slot)).filter(id => id !== undefined)
  }
}
