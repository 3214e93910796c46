/** Those who wait with one signal, behind the one listener that it has. */
class Followers {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<() => void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#tell)
    all.set(signal, this)
  }

  add(callback: () => void): () => void {
    // Of its own, since one function may be given twice.
    const follower = (): void => callback()
    this.#callbacks.add(follower)
    return () => {
      if (this.#callbacks.delete(follower) && this.#callbacks.size === 0) this.#end()
    }
  }

  readonly #tell = (): void => {
    this.#end()
    for (const callback of this.#callbacks) callback()
  }

  /** A signal that nobody follows is not held on to. */
  #end(): void {
    this.#signal.removeEventListener('abort', this.#tell)
    if (all.get(this.#signal) === this) all.delete(this.#signal)
  }
}

const all = new WeakMap<AbortSignal, Followers>()

/**
 * Calls back once when the signal aborts; the answer takes that back. However many wait with one signal, it has one listener:
 * Node warns of a leak from the eleventh on, and a signal that ends a whole program is given to many.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {}
  return (all.get(signal) ?? new Followers(signal)).add(callback)
}
