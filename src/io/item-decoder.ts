import { type Decoder, NONE } from './decoder.js'

/** Passes on what is no bytes: one item in, the same one out. Their size is not known, so that they count as nothing. */
export class ItemDecoder<T> implements Decoder<T> {
  readonly taken = 0
  #item: T | typeof NONE = NONE

  write(item: unknown): void {
    this.#item = item as T
  }

  end(): void {}

  next(): T | typeof NONE {
    const item = this.#item
    this.#item = NONE
    return item
  }
}
