/** Completes a destination of the parent's once every child has nothing more for it. */
export class Completions {
  readonly #workers: number
  readonly #complete: (id: number) => Promise<void> | undefined
  readonly #ready = new Map<number, Set<unknown>>()
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: unknown) => void }[]>()

  constructor(workers: number, complete: (id: number) => Promise<void> | undefined) {
    this.#workers = workers
    this.#complete = complete
  }

  /** Resolves when it is completed; a worker whose child died says it again. */
  complete(id: number, worker: unknown): Promise<void> {
    const ready = this.#ready.get(id) ?? new Set()
    this.#ready.set(id, ready.add(worker))
    const waiting = this.#waiting.get(id) ?? []
    this.#waiting.set(id, waiting)
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      if (ready.size < this.#workers) return
      Promise.resolve(this.#complete(id)).then(
        () => waiting.forEach(({ resolve }) => void resolve()),
        error => waiting.forEach(({ reject }) => void reject(error)),
      )
    })
  }
}
