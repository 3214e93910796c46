import type { EdgeCount, Progress } from '../protocol.js'

/** Adds up what the children of a link report, one after another. */
export class Tally {
  readonly #before = new Map<string, EdgeCount>()
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
    const { sources, destinations, offsets } = this.#now
    for (const [kind, edges] of Object.entries({ sources, destinations })) {
      for (const edge of edges) this.#before.set(`${kind}${edge.id}`, this.#sum(kind, edge))
    }
    for (const [id, bytes] of offsets) this.#startedAt.set(id, this.offset(id) + bytes)
    this.#now = { sources: [], destinations: [], offsets: [] }
  }

  /** The byte from which a child that starts now reads a file. */
  offset(id: number): number {
    return this.#startedAt.get(id) ?? 0
  }

  get total(): Progress {
    const { sources, destinations, offsets } = this.#now
    return { sources: this.#all('sources', sources), destinations: this.#all('destinations', destinations), offsets }
  }

  #all(kind: string, edges: readonly EdgeCount[]): EdgeCount[] {
    if (edges.length === 0) return [...this.#before].filter(([key]) => key.startsWith(kind)).map(([, edge]) => edge)
    return edges.map(edge => this.#sum(kind, edge))
  }

  #sum(kind: string, edge: EdgeCount): EdgeCount {
    const before = this.#before.get(`${kind}${edge.id}`)
    if (!before) return edge
    const { id, items, settled, bytes } = edge
    // What a child had taken and not settled is taken again by the next.
    const taken = kind === 'sources' ? before.settled : before.items
    return { id, items: taken + items, settled: before.settled + settled, bytes: before.bytes + bytes }
  }
}
