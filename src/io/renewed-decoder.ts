import { type Decoder, NONE } from './decoder.js'

/** Decodes one input after the other, each by a decoder of its own. */
export class RenewedDecoder<T> implements Decoder<T> {
  readonly #make: () => Decoder<T>
  #decoder: Decoder<T>
  #ended = false

  constructor(first: Decoder<T>, make: () => Decoder<T>) {
    this.#decoder = first
    this.#make = make
  }

  get taken(): number {
    return this.#decoder.taken
  }

  write(chunk: Buffer): void {
    this.#decoder.write(chunk)
  }

  /** What is left over is the last value of this input; another input may follow. */
  end(): void {
    this.#decoder.end()
    this.#ended = true
  }

  /** Another input follows, and what is left over is dropped. */
  renew(): void {
    this.#decoder = this.#make()
    this.#ended = false
  }

  next(): T | typeof NONE {
    const value = this.#decoder.next()
    if (value === NONE && this.#ended) this.renew()
    return value
  }
}
