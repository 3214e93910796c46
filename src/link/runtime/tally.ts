import type { EdgeCount, Progress } from '../protocol.js'

type Kind = 'sources' | 'destinations'

/** Adds up what the children of a link report, one after another. */
export class Tally {
  readonly #before = { sources: new Map<number, EdgeCount>(), destinations: new Map<number, EdgeCount>() }
  readonly #startedAt = new Map<number, number>()
  #now: Progress = { sources: [], destinations: [], offsets: [] }

  /** Answers whether anything was settled since the last report. */
  report(progress: Progress): boolean {
    const settled = ({ sources }: Progress): number => sources.reduce((sum, source) => sum + source.settled, 0)
    const moved = settled(progress) > settled(this.#now)
    this.#now = progress
    return moved
  }

  /** The child is gone: what it did is done. */
  nextChild(): void {
    const { sources, destinations } = this.total
    for (const { id, settled, bytes } of sources) {
      // What it had taken and not settled is taken again by the next.
      this.#before.sources.set(id, { id, items: settled, settled, bytes })
    }
    for (const edge of destinations) this.#before.destinations.set(edge.id, edge)
    for (const [id, bytes] of this.#now.offsets) this.#startedAt.set(id, this.offset(id) + bytes)
    this.#now = { sources: [], destinations: [], offsets: [] }
  }

  /** The byte from which a child that starts now reads a file. */
  offset(id: number): number {
    return this.#startedAt.get(id) ?? 0
  }

  get total(): Progress {
    return { sources: this.#sum('sources'), destinations: this.#sum('destinations'), offsets: this.#now.offsets }
  }

  #sum(kind: Kind): EdgeCount[] {
    const sums = new Map(this.#before[kind])
    for (const { id, items, settled, bytes } of this.#now[kind]) {
      const before = sums.get(id) ?? { items: 0, settled: 0, bytes: 0 }
      sums.set(id, {
        id,
        items: before.items + items,
        settled: before.settled + settled,
        bytes: before.bytes + bytes,
      })
    }
    return [...sums.values()]
  }
}
