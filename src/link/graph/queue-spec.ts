import type { Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import type { InteropObservable, Observable, Observer } from 'rxjs'
import type { CommonOptions } from '../../core/options.js'
import type { Queue } from '../../core/queue.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import type { Format } from '../../io/format.js'
import type { DurableQueueOptions } from '../../queues/durable/durable-options.js'
import type { PriorityQueueOptions } from '../../queues/memory/priority-queue.js'
import type { SharedQueueOptions } from '../../queues/shared/shared-options.js'
import type { ConnectOptions } from '../../queues/socket/connect-queue.js'
import type { DestinationEndpoint, LinkFile, SourceEndpoint } from '../endpoint.js'

/** A queue of a graph as data: what it is, and not yet the queue. `Opened` is what a running graph makes of it. */
export interface QueueSpec<T = unknown, Opened = unknown> {
  readonly kind: 'fifo' | 'lifo' | 'priority' | 'shared' | 'durable' | 'hosted' | 'file'
  /** The name of a shared queue, the path of a durable one or of a file, the address of a host. */
  readonly at?: string | URL
  readonly options: object
  /** Only for types. */
  readonly holds?: T
  readonly opens?: Opened
}

/** What a graph's `queues` may hold: specs, paths, and anything that a link reads or writes. */
export type Declaration = QueueSpec | SourceEndpoint<unknown> | DestinationEndpoint<never>

/** What a declared queue holds: lines of a path or stream, anything of a path that names JSON. */
export type ItemOf<D> =
  D extends QueueSpec<infer T>
    ? T
    : D extends Observable<infer T> | InteropObservable<infer T>
      ? T
      : D extends `${string}.${'json' | 'jsonl' | 'ndjson'}${'' | '.gz'}`
        ? unknown
        : D extends string | URL | LinkFile | Readable | Writable | ReadableStream | WritableStream
          ? string
          : D extends AsyncIterable<infer T>
            ? T
            : D extends Partial<Observer<infer T>>
              ? T
              : never

/** The queue that a declaration becomes; files, streams and Observers are no queues. */
export type OpenedOf<D> = D extends QueueSpec<unknown, infer O> ? O : D extends Queue<infer _> ? D : never

type Options<O> = Omit<O, 'name'>

/** A first in, first out queue of a graph, in this process: `fifoQueue`. */
export function fifo<T>(options: Options<CommonOptions<T>> = {}): QueueSpec<T, SyncQueue<T>> {
  return { kind: 'fifo', options }
}

/** A last in, first out queue of a graph, in this process: `lifoQueue`. */
export function lifo<T>(options: Options<CommonOptions<T>> = {}): QueueSpec<T, SyncQueue<T>> {
  return { kind: 'lifo', options }
}

/** A queue of a graph that gives its lowest item first, in this process: `priorityQueue`. */
export function priority<T>(options: Options<PriorityQueueOptions<T>> = {}): QueueSpec<T, SyncQueue<T>> {
  return { kind: 'priority', options }
}

/** A queue of a graph in shared memory, by name: `sharedQueue`. It is there before the graph runs, and after. */
export function shared<T>(name: string, options: Options<SharedQueueOptions<T>> = {}): QueueSpec<T, SyncQueue<T>> {
  return { kind: 'shared', at: name, options }
}

/** A queue of a graph on disk, by path: `durableQueue`. It is there before the graph runs, and after. */
export function durable<T>(
  path: string | URL,
  options: Options<DurableQueueOptions<T>> = {},
): QueueSpec<T, SyncQueue<T>> {
  return { kind: 'durable', at: path, options }
}

/** A queue of a graph that another process hosts: `connectQueue`. */
export function hosted<T>(address: string, options: Options<ConnectOptions<T>>): QueueSpec<T, Queue<T>> {
  return { kind: 'hosted', at: address, options }
}

/**
 * A file of a graph: of lines, unless its type is given. A bare path means the same, and values of JSON where its name ends so.
 */
export function file<T = string>(at: string | URL, options: FileOptions = {}): QueueSpec<NoInfer<T>, never> {
  return { kind: 'file', at, options }
}

export interface FileOptions {
  as?: Format
  /** Destinations: keeps what the file holds, and writes after it. */
  append?: boolean
}

const KINDS = ['fifo', 'lifo', 'priority', 'shared', 'durable', 'hosted', 'file']

export function isSpec(declared: unknown): declared is QueueSpec {
  const { kind, options } = (declared ?? {}) as QueueSpec
  return KINDS.includes(kind) && typeof options === 'object'
}

/** Other processes can open it as well: it is neither made nor ended by one run of a graph. */
export function isCommon({ kind }: QueueSpec): boolean {
  return kind === 'shared' || kind === 'durable' || kind === 'hosted'
}
