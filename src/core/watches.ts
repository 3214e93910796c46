interface Watch {
  readonly holds: () => boolean
  readonly callback: () => void
}

/** Who waits until something holds. */
export class Watches {
  readonly #watches = new Set<Watch>()
  /** Read for every item that is settled; a plain field is cheaper than a Set's size. */
  length = 0

  /** Calls back, once, when a look finds that it holds; the answer cancels it. */
  add(holds: () => boolean, callback: () => void): () => void {
    const watch = { holds, callback }
    this.#watches.add(watch)
    this.length++
    return () => this.#delete(watch)
  }

  look(): void {
    for (const watch of [...this.#watches]) {
      if (watch.holds() && this.#delete(watch)) watch.callback()
    }
  }

  #delete(watch: Watch): boolean {
    const found = this.#watches.delete(watch)
    this.length = this.#watches.size
    return found
  }
}
