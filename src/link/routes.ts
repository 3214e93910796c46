import { Watches } from '../core/watches.js'
import type { Edge } from './edge.js'
import { Route } from './route.js'

/** Which destinations the items of a link go to: those there were when they were taken. */
export class Routes {
  /** Of what is taken now. */
  current: Route
  /** And those that items may still come with, or are under way with. */
  readonly #known = new Map<number, Route>()
  readonly #watches = new Watches()
  /** No item comes any more with an earlier version. Where all are taken here, that is the current one. */
  #floor = Number.POSITIVE_INFINITY

  /** `takenElsewhere`: items come with versions, and `forget` tells which are over. */
  constructor(version: number, takenElsewhere: boolean) {
    if (takenElsewhere) this.#floor = version
    this.current = new Route(version, [])
    this.#known.set(version, this.current)
  }

  /** That of an item which its taker gave a version. */
  at(version: number | undefined): Route {
    return version === undefined ? this.current : (this.#known.get(version) ?? this.current)
  }

  add(edge: Edge, version = this.current.version + 1): void {
    this.#change(this.current.with(edge, version))
  }

  /** Whatever there is of it, the version is from here on the current one. */
  remove(edge: Edge | undefined, version = this.current.version + 1): void {
    this.#change(this.current.without(edge, version))
  }

  /** No item comes any more with a version before this one. */
  forget(before: number): void {
    this.#floor = before
    this.review()
  }

  /** Calls back, once, when the edge has stored all that was taken for it; the answer cancels. */
  whenClear(edge: Edge, callback: () => void): () => void {
    const cancel = this.#watches.add(() => this.#isClear(edge), callback)
    this.review()
    return cancel
  }

  /** Calls back, once, when the edge has stored all that it was passed. */
  whenStored(edge: Edge, callback: () => void): void {
    this.#watches.add(() => edge.owed === 0, callback)
  }

  review(): void {
    if (this.#watches.length === 0) return
    this.#prune()
    this.#watches.look()
  }

  #isClear(edge: Edge): boolean {
    if (edge.owed > 0) return false
    for (const route of this.#known.values()) if (route.edges.includes(edge)) return false
    return true
  }

  #change(route: Route): void {
    this.#prune()
    this.current = route
    this.#known.set(route.version, route)
  }

  #prune(): void {
    for (const [version, route] of this.#known) {
      if (version < this.#floor && route !== this.current && route.open === 0) this.#known.delete(version)
    }
  }
}
