import type { Latency } from './latencies.js'

export type LinkState = 'starting' | 'running' | 'paused' | 'restarting' | 'stopping' | 'stopped' | 'done' | 'failed'

export interface LinkStatus {
  readonly state: LinkState
  readonly placement: 'inline' | 'thread' | 'process'
  /** Why it is placed there, or in this state. */
  readonly why: string
  /** Of the child process. */
  readonly pid?: number
  /** Of the worker thread. */
  readonly threadId?: number
  /** What it failed of, or restarts after. */
  readonly cause?: unknown
}

export interface EdgeMetrics {
  /** What `read` or `write` answered. */
  readonly id: number
  readonly name: string
  /** Taken from a source, or sent to a destination. */
  readonly items: number
  /** Sources: stored everywhere and acknowledged. Destinations: stored there. */
  readonly settled: number
  /** Of sources: read from files, or as encoded by queues that hold bytes. */
  readonly bytes: number
  /** Settled a second, since the link began; in `metrics$`, since its last emission. */
  readonly rate: number
  /** Sources: taken and not settled yet. */
  readonly unsettled: number
  /** Sources: how many more may be out before something is settled. */
  readonly credits: number
  /** Sources: from put to stored everywhere; undefined as long as nothing is. */
  readonly latency: Latency | undefined
  /** Destinations: not stored there, because that was too slow or was let go. */
  readonly dropped: number
}

export interface LinkMetrics {
  /** Items taken from all sources. */
  readonly items: number
  /** Of these, stored everywhere and acknowledged. */
  readonly settled: number
  /** Taken and not settled yet. */
  readonly unsettled: number
  readonly bytes: number
  /** Settled a second, since the link began; in `metrics$`, since its last emission. */
  readonly rate: number
  /** Of all sources. */
  readonly latency: Latency | undefined
  /** Not stored by a destination because that was too slow or was let go. */
  readonly dropped: number
  readonly restarts: number
  readonly sources: readonly EdgeMetrics[]
  readonly destinations: readonly EdgeMetrics[]
}

/** What a stopped link did, and what it left. */
export interface LinkReport {
  /** Items stored everywhere and acknowledged. */
  readonly moved: number
  /** Items that were under way and went back to their source. */
  readonly returned: number
  /** It did not end by itself within the timeout. */
  readonly forced: boolean
  /** What the link had failed of before. */
  readonly cause?: unknown
  readonly sources: readonly SourceReport[]
  readonly destinations: readonly DestinationReport[]
  readonly metrics: LinkMetrics
}

export interface SourceReport {
  readonly id: number
  readonly name: string
  /** Stored everywhere and acknowledged. */
  readonly moved: number
  /** Were under way, and are back there. */
  readonly returned: number
}

export interface DestinationReport {
  readonly id: number
  readonly name: string
  readonly stored: number
  /** Passed to it and not stored: these items stayed in their sources. */
  readonly left: number
  /** Not stored there because of `whenSlow`. */
  readonly dropped: number
}
