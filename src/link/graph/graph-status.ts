import type { LinkMetrics, LinkReport, LinkStatus } from '../link-status.js'

export type GraphState = 'running' | 'stopping' | 'stopped' | 'done' | 'failed'

export interface GraphStatus {
  readonly state: GraphState
  /** By name, in the order of the flow. */
  readonly links: Readonly<Record<string, LinkStatus>>
  /** What the graph failed of. */
  readonly cause?: unknown
}

/** What is in a queue of a graph. */
export interface QueueLevel {
  readonly kind: string
  readonly size: number
  readonly capacity: number
}

export interface GraphMetrics {
  readonly name: string
  readonly state: GraphState
  /** By name, in the order of the flow. */
  readonly links: Readonly<Record<string, LinkMetrics>>
  /** Files, streams and Observers have no level. */
  readonly queues: Readonly<Record<string, QueueLevel>>
}

/** What a stopped graph did, and what it left. */
export interface GraphReport {
  /** Some link did not end by itself within the timeout. */
  readonly forced: boolean
  readonly links: Readonly<Record<string, LinkReport>>
  /** Items that are left in queues. */
  readonly left: Readonly<Record<string, number>>
}
