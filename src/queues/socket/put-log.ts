import type { Entry } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { clock } from '../../util/clock.js'
import { PUT_BYTES, PUTS } from './limits.js'
import type { ToHost } from './protocol.js'

/** A put that the host has not confirmed. */
export interface LoggedPut {
  readonly number: number
  readonly parcel: Uint8Array
  readonly count: number
  readonly due: number
  readonly priority: number
  withdrawn: boolean
}

/** What a client has put and has not heard of, in order: it is said again when the connection was lost. */
export class PutLog {
  #number = 0
  #bytes = 0
  readonly #puts = new Map<number, LoggedPut>()

  get length(): number {
    return this.#puts.size
  }

  /** The number of the latest. */
  get number(): number {
    return this.#number
  }

  hasRoomFor({ bytes }: Parcel): boolean {
    return this.#puts.size === 0 || (this.#bytes + bytes.length <= PUT_BYTES && this.#puts.size < PUTS)
  }

  /** `entries` were sealed together: what few of them have, they have in common. */
  add(entries: readonly Entry<unknown>[], parcel: Parcel): LoggedPut {
    const { due, priority } = entries[0] as Entry<unknown>
    const put = { number: ++this.#number, parcel: parcel.bytes, count: parcel.count, due, priority, withdrawn: false }
    this.#puts.set(put.number, put)
    this.#bytes += put.parcel.length
    return put
  }

  get(number: number): LoggedPut | undefined {
    return this.#puts.get(number)
  }

  /** True if it had been open. */
  close(number: number): boolean {
    const put = this.#puts.get(number)
    if (!put) return false
    this.#puts.delete(number)
    this.#bytes -= put.parcel.length
    return true
  }

  closeUpTo(number: number): void {
    for (const open of this.#puts.keys()) {
      if (open > number) return
      this.close(open)
    }
  }

  [Symbol.iterator](): IterableIterator<LoggedPut> {
    return this.#puts.values()
  }
}

export function putMessage({ number, parcel, due, priority }: LoggedPut): ToHost {
  return { type: 'put', number, parcel, priority, delay: due > 0 ? Math.max(1, due - clock.now()) : 0 }
}
