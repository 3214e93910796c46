import { timestamp } from '../util/clock.js'
import { Entry, type EntryOptions } from './entry.js'
import { entryOf } from './entry-of.js'
import { checked, type StandardSchema } from './schema.js'
import type { Store } from './store.js'

/** From values to entries, and back: throws what the schema says, for options that cannot be, and for what cannot be encoded. */
export class EntryMaker<T> {
  readonly #store: Store<T>
  readonly #schema: StandardSchema<T> | undefined

  readonly #alone: Entry<T>[] = []

  constructor(store: Store<T>, schema: StandardSchema<T> | undefined) {
    this.#store = store
    this.#schema = schema
  }

  one(value: T, o?: EntryOptions): Entry<T> {
    const entry = this.#made(value, o)
    if (this.#store.seal) {
      this.#alone[0] = entry
      this.#store.seal(this.#alone)
    }
    return entry
  }

  /** What is put together. */
  all(values: readonly T[], o?: EntryOptions): readonly Entry<T>[] {
    if (o === undefined && !this.#schema) {
      const sealed = this.#store.sealValues?.(values, timestamp())
      if (sealed) return sealed
    }
    const entries = values.map(value => this.#made(value, o))
    if (entries.length > 0) this.#store.seal?.(entries)
    return entries
  }

  /** Values have to fit a schema. */
  get checks(): boolean {
    return this.#schema !== undefined
  }

  /** The value as the schema lets it out. */
  out(value: T): T {
    return this.#schema ? checked(this.#schema, value) : value
  }

  #made(value: T, o?: EntryOptions): Entry<T> {
    if (this.#schema) value = checked(this.#schema, value)
    return o === undefined ? new Entry(value, timestamp()) : entryOf(value, o, this.#store)
  }
}
