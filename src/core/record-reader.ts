import { plainReader } from './plain-reader.js'

/** How many new texts for each object make it slower than msgpackr. */
const NEW = 1 / 8
/** Parcels that are left to msgpackr after one that this was no use for. */
const LEFT = 64

/**
 * Reads objects of one shape, of members that `writePlain` wrote: faster than msgpackr where most texts came before, as they do in
 * most queues, and slower where each is new.
 */
export class RecordReader {
  readonly #record: number
  /** Makes one object of what comes next. */
  readonly #make: (() => object) | undefined
  #left = 0

  /** `record`: the token before each of them but the first. */
  constructor(names: readonly string[], record: number) {
    this.#record = record
    this.#make = makerOf(names)
  }

  /** So many of them, which end there; undefined: msgpackr has to read them. */
  read(bytes: Buffer, start: number, end: number, count: number): object[] | undefined {
    if (!this.#make || this.#left-- > 0) return undefined
    const reader = plainReader
    reader.begin(bytes, start)
    const { texts } = reader
    const most = Math.floor(count * NEW)
    const objects = new Array<object>(count)
    for (let index = 0; index < count; index++) {
      if (index > 0 && bytes[reader.at++] !== this.#record) return this.#leave()
      objects[index] = this.#make()
      if (reader.isForeign || texts.made > most) return this.#leave()
    }
    if (reader.at !== end) return this.#leave()
    this.#left = 0
    return objects
  }

  #leave(): undefined {
    this.#left = LEFT
  }
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
