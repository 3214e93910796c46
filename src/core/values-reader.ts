import { plainReader } from './plain-reader.js'

/** How many new texts for each value make it slower than msgpackr. */
const NEW = 1 / 8
/** Parcels that are left to msgpackr after one that this was no use for. */
const LEFT = 64

/**
 * Reads values of one sort that `writePlain` wrote, or whose members it wrote: faster than msgpackr where most texts came before, as
 * they do in most queues, and slower where each is new.
 */
export class ValuesReader {
  /** Makes one value of what comes next; undefined where a program may not make it. */
  readonly #make: (() => unknown) | undefined
  readonly #token: number | undefined
  #left = 0

  /** `token`: what stands before each value but the first. */
  constructor(make: (() => unknown) | undefined, token?: number) {
    this.#make = make
    this.#token = token
  }

  /** So many of them, which end there; undefined: msgpackr has to read them. */
  read(bytes: Buffer, start: number, end: number, count: number): unknown[] | undefined {
    if (!this.#make || this.#left-- > 0) return undefined
    const reader = plainReader
    reader.begin(bytes, start)
    const { texts } = reader
    const token = this.#token
    const most = Math.floor(count * NEW)
    const values = new Array<unknown>(count)
    for (let index = 0; index < count; index++) {
      if (index > 0 && token !== undefined && bytes[reader.at++] !== token) return this.#leave()
      values[index] = this.#make()
      if (reader.isForeign || texts.made > most) return this.#leave()
    }
    if (reader.at !== end) return this.#leave()
    this.#left = 0
    return values
  }

  #leave(): undefined {
    this.#left = LEFT
  }
}

/** Of numbers, short texts, and what else `writePlain` writes. */
export function plainValuesReader(): ValuesReader {
  return new ValuesReader(() => plainReader.read())
}

/** Of objects with these names. `record`: the token before each but the first. */
export function recordsReader(names: readonly string[], record: number): ValuesReader {
  return new ValuesReader(makerOf(names), record)
}

/** Of code, so that each object is made with its members; undefined where a program may make none. */
function makerOf(names: readonly string[]): (() => object) | undefined {
  const members = names.map(name => `${JSON.stringify(name)}: reader.read()`)
  try {
    return new Function('reader', `return () => ({ ${members.join(', ')} })`)(plainReader)
  } catch {
    return undefined
  }
}
