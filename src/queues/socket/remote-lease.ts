import type { Entry, Headers, Lease } from '../../core/entry.js'
import { unpackParcel } from '../../core/parcel-codec.js'
import { CodecError } from '../../errors/codec-error.js'

/** A lease that the host holds for this client. Its parcel is decoded when somebody looks at the first of its items. */
export class RemoteLease<T> implements Lease<T> {
  /** The host's number of it; it means something to one connection only. */
  readonly id: number
  readonly connection: object
  readonly seq: number
  readonly bytes: number
  attempt: number
  /** The host need not be told any more. */
  settled = false
  readonly #parcel: OpenParcel<T>
  readonly #place: number

  constructor(
    o: { id: number; connection: object; seq: number; attempt: number },
    parcel: OpenParcel<T>,
    place: number,
  ) {
    this.id = o.id
    this.connection = o.connection
    this.seq = o.seq
    this.attempt = o.attempt
    this.bytes = parcel.share
    this.#parcel = parcel
    this.#place = place
  }

  get value(): T {
    return this.#entry().value
  }

  get enqueuedAt(): number {
    return this.#entry().enqueuedAt
  }

  get headers(): Headers {
    return this.#entry().headers
  }

  get key(): string | undefined {
    return this.#entry().key
  }

  #entry(): Entry<T> {
    return this.#parcel.entry(this.#place)
  }
}

/** Items that came together. */
export class OpenParcel<T> {
  /** Of its bytes, what falls to one item. */
  readonly share: number
  readonly #bytes: Uint8Array
  #entries: readonly Entry<T>[] | undefined

  constructor(bytes: Uint8Array, count: number) {
    this.#bytes = bytes
    this.share = bytes.length / count
  }

  entry(place: number): Entry<T> {
    this.#entries ??= unpackParcel<T>(this.#bytes)
    const entry = this.#entries[place]
    if (!entry) throw new CodecError('the host sent fewer items than it said')
    return entry
  }
}
