import type { Lease } from '../core/entry.js'
import { Ring } from '../util/ring.js'

/** Items of one key, each of which waits until the one before it is out no longer. */
export class KeyLines {
  readonly #lines = new Map<string, Ring<Lease<unknown>>>()
  readonly #keys = new Map<Lease<unknown>, string>()
  readonly #ready = new Ring<Lease<unknown>>()
  #starting = false

  /** True: its turn has come. */
  enter(lease: Lease<unknown>, key: string): boolean {
    this.#keys.set(lease, key)
    const line = this.#lines.get(key)
    if (line) line.push(lease)
    else this.#lines.set(key, new Ring())
    return line === undefined
  }

  /** It is out no longer: `start` is called for the next of its key, within this call or the one that is under way. */
  leave(lease: Lease<unknown>, start: (next: Lease<unknown>) => void): void {
    const key = this.#keys.get(lease)
    if (key === undefined) return
    this.#keys.delete(lease)
    const next = this.#lines.get(key)?.shift()
    if (!next) this.#lines.delete(key)
    else this.#ready.push(next)
    // What starts may be over before it returns: a loop, not a recursion.
    if (this.#starting) return
    this.#starting = true
    try {
      for (let ready = this.#ready.shift(); ready; ready = this.#ready.shift()) start(ready)
    } finally {
      this.#starting = false
    }
  }

  /** Takes out all whose turn has not come. */
  clear(): Lease<unknown>[] {
    const waiting = [...this.#lines.values()].flatMap(line => [...line])
    waiting.push(...this.#ready)
    for (const line of this.#lines.values()) line.clear()
    this.#ready.clear()
    for (const lease of waiting) this.#keys.delete(lease)
    return waiting
  }
}
