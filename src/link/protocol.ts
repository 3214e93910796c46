import type { Headers } from '../core/entry.js'
import type { QueueDescriptor } from '../core/origin.js'
import type { LatencyCounts } from './latencies.js'
import type { OnError } from './on-error.js'
import type { Step } from './step.js'
import type { SlowPolicy } from './when-slow.js'

/** What a process-placed link and its parent say to each other. Foreign messages are ignored; unknown ones of ours are an error. */

/** A file that the child opens itself. */
export interface FileEndpoint {
  /** Absolute. */
  readonly file: string
  readonly as: 'lines' | 'bytes' | 'json' | 'frames'
  readonly append?: boolean
}

/** A queue that the child opens itself. */
export interface QueueEndpoint {
  readonly descriptor: QueueDescriptor
  /** Of destinations: shut down when all is stored. */
  readonly closeOnComplete?: boolean
  /** Of sources, as this handle says. */
  readonly maxAttempts?: number
  readonly deadLetter?: QueueDescriptor
}

export interface PlacedEndpoint {
  readonly id: number
  readonly name: string
  /** Where both are absent, the endpoint is the parent's own and its items cross on the pipe. */
  readonly file?: FileEndpoint
  readonly queue?: QueueEndpoint
  /** Byte at which a file source goes on after a restart. */
  readonly start?: number
  /** A file destination that an earlier child opened: go on after its last whole record. */
  readonly cut?: boolean
  /** Of destinations: when it is slow. */
  readonly policy?: SlowPolicy
}

/** How an endpoint is let go: what is under way may take `timeout` ms, or none with `force`. */
export interface Removal {
  readonly timeout: number
  readonly force: boolean
}

/** A change of the destinations: its number, and the oldest one that items may still come with. */
export interface RouteChange {
  readonly version: number
  readonly oldest: number
}

export interface Placed {
  readonly version: number
  readonly sources: readonly PlacedEndpoint[]
  readonly destinations: readonly PlacedEndpoint[]
  readonly through?: Step
  readonly each?: Step
  /** Items come with keys. */
  readonly isKeyed: boolean
  readonly onError: OnError
  readonly concurrency: number
  readonly prefetch: number | undefined
  readonly atMostOnce: boolean
  readonly spill: string
}

/** Of one endpoint, since the link (in a child: since this child) began. */
export interface EdgeCount {
  readonly id: number
  readonly items: number
  readonly settled: number
  readonly bytes: number
  /** Of destinations: not stored there, because that was too slow or was let go. */
  readonly dropped?: number
  /** Of sources: how many more items could be out. */
  readonly credits?: number
  /** Of sources: how long items took until they were stored everywhere. */
  readonly latencies?: LatencyCounts
}

export interface Progress {
  readonly sources: readonly EdgeCount[]
  readonly destinations: readonly EdgeCount[]
  /** For file sources: the byte before which everything is settled. */
  readonly offsets: readonly (readonly [id: number, offset: number])[]
}

/** On the IPC channel: what need not, or must not, wait behind data. */
export type ToChild =
  | { readonly queuelink: 'start'; readonly placed: Placed }
  | { readonly queuelink: 'stop'; readonly drain: boolean; readonly timeout: number }
  /** To a thread, or to one of several links in a child: it answers, lets go of what it has opened, and ends. */
  | { readonly queuelink: 'leave' }
  /** Instead of `start`: does a step for an operator. */
  | { readonly queuelink: 'work'; readonly step: Step; readonly spill: string }
  /** Nothing is to be done yet: it is answered as `ping` is, when the child has loaded what it may need. */
  | { readonly queuelink: 'prepare' }
  /** It answers as soon as its event loop runs. */
  | { readonly queuelink: 'ping' }
  /** To one of several links that share a child, as to a child of its own. */
  | { readonly queuelink: 'member'; readonly member: number; readonly message: ToChild }

/** On the IPC channel, from the child. */
export type FromChild =
  /** The answer to a ping. */
  | { readonly queuelink: 'pong' }
  /** The first word of a thread. */
  | { readonly queuelink: 'loaded' }
  /** One of several links that share the child has let go of what it had opened. */
  | { readonly queuelink: 'left' }
  | { readonly queuelink: 'member'; readonly member: number; readonly message: FromChild }

/** On the data pipe, from the parent: items of its own sources, and news of its own destinations. */
export type DataToChild =
  | { readonly type: 'items'; readonly id: number; readonly metas: readonly ItemMeta[]; readonly values: unknown[] }
  | { readonly type: 'end'; readonly id: number; readonly error?: unknown }
  | { readonly type: 'stored'; readonly id: number; readonly ticket: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: unknown }
  | { readonly type: 'completed'; readonly id: number; readonly error?: unknown }
  // In line with the items of a new source.
  | { readonly type: 'addSource'; readonly endpoint: PlacedEndpoint }
  | ({ readonly type: 'addDestination'; readonly endpoint: PlacedEndpoint } & RouteChange)
  | { readonly type: 'oldest'; readonly version: number }
  | ({ readonly type: 'removeSource'; readonly id: number } & Removal)
  | ({ readonly type: 'removeDestination'; readonly id: number } & RouteChange & Removal)

/** On the data pipe, from the child: what became of items, and items for the parent's destinations. */
export type DataFromChild =
  | { readonly type: 'settled'; readonly id: number; readonly items: readonly number[] }
  | { readonly type: 'nacked'; readonly id: number; readonly item: number; readonly attempt: number; readonly o: Nack }
  // Nothing failed: all its destinations have dropped it. `delay`: ms to rest.
  | {
      readonly type: 'returned'
      readonly id: number
      readonly item: number
      readonly attempt: number
      readonly delay: number
    }
  | { readonly type: 'put'; readonly id: number; readonly ticket: number; readonly values: unknown[] }
  | { readonly type: 'complete'; readonly id: number }
  // All of these in line: what was settled before a child dies is known to come after what made it possible.
  | { readonly type: 'running' }
  | { readonly type: 'opened'; readonly id: number }
  | { readonly type: 'added'; readonly id: number }
  | { readonly type: 'removed' | 'detached'; readonly id: number; readonly count: EdgeCount }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly progress: Progress }
  | { readonly type: 'failed'; readonly error: unknown }
  | {
      readonly type: 'stopped'
      readonly forced: boolean
      /** Items of files, which the parent cannot count. */
      readonly returned: readonly (readonly [id: number, count: number])[]
      readonly progress: Progress
    }

export interface Nack {
  readonly requeue?: boolean
  readonly delay?: number
  readonly reason?: unknown
}

/** `version`: of the destinations for which it was taken. */
export type ItemMeta = readonly [
  item: number,
  attempt: number,
  enqueuedAt: number,
  headers: Headers | 0,
  version: number,
  key: string | 0,
]

/** To a child that works for an operator. */
export interface CallsToChild {
  readonly type: 'call'
  readonly id: number
  /** One. */
  readonly values: unknown[]
}

/** Its answers. Without an id: it can do nothing. */
export type ResultsFromChild =
  | { readonly type: 'result'; readonly id: number; readonly values: unknown[] }
  | { readonly type: 'failed'; readonly id?: number; readonly error: unknown }
