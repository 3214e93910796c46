import type { Entry } from '../core/entry.js'
import type { Parcel } from '../core/parcel.js'
import { slot } from '../core/receipt.js'
import type { Edge } from './edge.js'
import { Joint } from './joint.js'

/** The destinations of all items that a link takes between two changes. */
export class Route {
  /** Counted by whoever takes the items: the parent, where a child moves them. */
  readonly version: number
  readonly edges: readonly Edge[]
  /** Items taken that operators have not passed on yet. */
  open = 0
  /** All of them take parcels as they are. */
  readonly adopts: boolean

  constructor(version: number, edges: readonly Edge[]) {
    this.version = version
    this.edges = edges
    this.adopts = edges.length > 0 && edges.every(edge => edge.adopts)
  }

  /** Passes a parcel of the current receipt to all of them; undefined where one would have to open it. */
  passageOf(parcel: Parcel, at: number): (() => void) | undefined {
    if (!this.adopts) return undefined
    const adopted: (readonly Entry<unknown>[])[] = []
    for (const { destination } of this.edges) {
      const entries = destination.adopt?.(parcel, at)
      if (!entries) return undefined
      adopted.push(entries)
    }
    return () => {
      const joint = new Joint()
      joint.begin(slot.current)
      for (const [n, edge] of this.edges.entries()) edge.pushAdopted(adopted[n] as readonly Entry<unknown>[], joint)
      joint.passedOn()
    }
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
