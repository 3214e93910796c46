/** The answer of a decoder that needs more input. */
export const NONE: unique symbol = Symbol('none')

export const EMPTY: Buffer = Buffer.alloc(0)

/** Cuts input into values. It is asked for each, so that nothing is decoded ahead of its reader. */
export interface Decoder<T> {
  /** Adds input, after `next` answered NONE. The chunk must stay as it is until `next` answers NONE again. */
  write(chunk: Buffer): void
  /** No more of this input will come: what is left over is the last value. */
  end(): void
  /** Throws CodecError for input that cannot be decoded. */
  next(): T | typeof NONE
  /** Bytes of input that the last value took up, its separator and whatever was skipped before it included. */
  readonly taken: number
}
