import { Ring } from '../../util/ring.js'
import type { Sending } from './channel.js'

/** Encoded bytes sent and not yet settled, at most, besides one item: the credit of the other end. */
const BYTES = 8 * 1024 * 1024
/** What a frame is filled up to, in items and in bytes, as far as sizes can be guessed. */
const FRAME_ITEMS = 64
const FRAME_BYTES = 48 * 1024

/** Something on its way to the other end, until that end has settled it. */
export interface Parcel {
  readonly value: unknown
  /** Its share of the frame that carried it. */
  bytes: number
}

/** Collects what is pushed in one turn into frames, and holds back what the other end has no credit for. */
export class Outbox<P extends Parcel> {
  readonly #send: (parcels: readonly P[], sending: Sending) => void
  readonly #refused: (parcel: P, error: unknown) => void
  readonly #onEmpty: () => void
  readonly #waiting = new Ring<P>()
  #bytesOut = 0
  /** Frames whose true size is not known yet: they wait for their values to be spilled, or for the pipe. */
  #unsized = 0
  #guess = FRAME_BYTES
  #scheduled = false

  /** `onEmpty`: everything so far has been sent. */
  constructor(
    send: (parcels: readonly P[], sending: Sending) => void,
    refused: (parcel: P, error: unknown) => void,
    onEmpty: () => void = () => {},
  ) {
    this.#send = send
    this.#refused = refused
    this.#onEmpty = onEmpty
  }

  push(parcel: P): void {
    this.#waiting.push(parcel)
    this.#schedule()
  }

  settled(parcel: P): void {
    this.#bytesOut -= parcel.bytes
    if (this.#waiting.length > 0) this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#bytesOut < BYTES && this.#unsized === 0) {
      const parcels: P[] = []
      let room = Math.min(FRAME_BYTES, BYTES - this.#bytesOut)
      do {
        const parcel = this.#waiting.shift() as P
        parcels.push(parcel)
        parcel.bytes = Math.max(this.#guess, roughSize(parcel.value))
        this.#bytesOut += parcel.bytes
        room -= parcel.bytes
      } while (room > 0 && parcels.length < FRAME_ITEMS && this.#waiting.length > 0)
      this.#dispatch(parcels)
    }
    if (this.#waiting.length === 0) this.#onEmpty()
  }

  #dispatch(parcels: readonly P[]): void {
    this.#unsized++
    this.#send(parcels, {
      sized: bytes => {
        this.#known()
        const share = bytes / parcels.length
        // Follows at once when items grow, slowly when they shrink.
        this.#guess = Math.max(share, this.#guess * 0.75)
        for (const parcel of parcels) {
          this.#bytesOut += share - parcel.bytes
          parcel.bytes = share
        }
      },
      refused: error => {
        this.#known()
        // One of them cannot be sent: each on its own tells which.
        if (parcels.length > 1) for (const parcel of parcels) this.#dispatch([parcel])
        else for (const parcel of parcels) this.#refused(parcel, error)
      },
    })
  }

  #known(): void {
    if (--this.#unsized === 0 && this.#waiting.length > 0) this.#schedule()
  }
}

/** A lower bound of what a value takes up encoded, where that is known without encoding. */
function roughSize(value: unknown): number {
  if (typeof value === 'string') return value.length
  return ArrayBuffer.isView(value) ? value.byteLength : 0
}
