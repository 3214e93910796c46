import type { Edge } from './edge.js'

/** The destinations of all items that a link takes between two changes. */
export class Route {
  /** Counted by whoever takes the items: the parent, where a child moves them. */
  readonly version: number
  readonly edges: readonly Edge[]
  /** Items taken that operators have not passed on yet. */
  open = 0

  constructor(version: number, edges: readonly Edge[]) {
    this.version = version
    this.edges = edges
  }

  with(edge: Edge, version: number): Route {
    return new Route(version, [...this.edges, edge])
  }

  without(edge: Edge | undefined, version: number): Route {
    return new Route(
      version,
      this.edges.filter(other => other !== edge),
    )
  }
}
