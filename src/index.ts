// Queues

export type { ConsumeOptions, Handler } from './core/consume.js'
export type { Delivery } from './core/delivery.js'
export type { Headers } from './core/entry.js'
export type { SinkOptions } from './core/inlet.js'
export type { NackOptions } from './core/mailbox.js'
export type { QueueMetrics } from './core/metrics.js'
export type { CommonOptions, DeadLetter } from './core/options.js'
export type { QueueDescriptor } from './core/origin.js'
export {
  type PutOptions,
  Queue,
  type QueueSinkOptions,
  type WindowOptions,
} from './core/queue.js'
export type { QueueStat } from './core/queue-stat.js'
export type { StandardSchema } from './core/schema.js'
export { Sink } from './core/sink.js'
export { SyncQueue } from './core/sync-queue.js'
export type { WaitOptions } from './core/waiters.js'
// Errors
export { CodecError } from './errors/codec-error.js'
export { DeadlockError } from './errors/deadlock-error.js'
export { GraphError } from './errors/graph-error.js'
export { ItemTooLargeError } from './errors/item-too-large-error.js'
export { LeaseLostError } from './errors/lease-lost-error.js'
export { LinkError } from './errors/link-error.js'
export { QueueClosedError } from './errors/queue-closed-error.js'
export { QueueEmptyError } from './errors/queue-empty-error.js'
export { QueueExistsError } from './errors/queue-exists-error.js'
export { QueueFullError } from './errors/queue-full-error.js'
export { QueueLinkError } from './errors/queue-link-error.js'
export { QueueNotFoundError } from './errors/queue-not-found-error.js'
export { SinkOverflowError } from './errors/sink-overflow-error.js'
export { SpillError } from './errors/spill-error.js'
// Links
export type { DestinationEndpoint, LinkFile, SourceEndpoint } from './link/endpoint.js'
export { defineGraph } from './link/graph/define-graph.js'
export { drawGraph, type GraphFormat } from './link/graph/draw-graph.js'
export type { Declarations, Graph, GraphLink, GraphLinkOptions } from './link/graph/graph.js'
export type { GraphMetrics, GraphReport, GraphState, GraphStatus, QueueLevel } from './link/graph/graph-status.js'
export {
  type Declaration,
  durable,
  type FileOptions,
  fifo,
  file,
  hosted,
  lifo,
  priority,
  type QueueSpec,
  shared,
} from './link/graph/queue-spec.js'
export { type RunOptions, runGraph } from './link/graph/run-graph.js'
export { RunningGraph } from './link/graph/running-graph.js'
export type { Latency } from './link/latencies.js'
export { link } from './link/link.js'
export type { Direction } from './link/link-ends.js'
export type {
  LinkOptions,
  OperatorLinkOptions,
  StopOptions,
  UnregisterOptions,
  WriteOptions,
} from './link/link-options.js'
export type {
  DestinationReport,
  EdgeMetrics,
  LinkMetrics,
  LinkReport,
  LinkState,
  LinkStatus,
  SourceReport,
} from './link/link-status.js'
export { step } from './link/make-step.js'
export type { OnError } from './link/on-error.js'
export type { Placement } from './link/placement.js'
export { type EndpointId, QueueLink } from './link/queue-link.js'
export { warm } from './link/runtime/reserve.js'
export type { Step } from './link/step.js'
export type { WhenSlow } from './link/when-slow.js'
export type { DurableQueueOptions } from './queues/durable/durable-options.js'
export { DurableQueue, durableQueue } from './queues/durable/durable-queue.js'
export type { StoredItem } from './queues/durable/stored-item.js'
export { fifoQueue } from './queues/memory/fifo-queue.js'
export { lifoQueue } from './queues/memory/lifo-queue.js'
export { type PriorityQueueOptions, priorityQueue } from './queues/memory/priority-queue.js'
export { simpleQueue } from './queues/memory/simple-queue.js'
export { type OpenQueueOptions, openQueue } from './queues/open-queue.js'

export type { SharedQueueOptions } from './queues/shared/shared-options.js'
export { sharedQueue } from './queues/shared/shared-queue.js'

export type { AddressLike } from './queues/socket/address.js'
export { type ConnectOptions, connectQueue } from './queues/socket/connect-queue.js'
export { HostedQueue, type HostOptions, hostQueue } from './queues/socket/host-queue.js'

// Files, streams, processes

export { Source } from './core/source.js'
export { ExitError } from './errors/exit-error.js'
export type { ExitStatus } from './io/child.js'
export { Connection, connection, openConnection } from './io/connection.js'
export type { ConnectionDescriptor, ConnectionEnd } from './io/connection-stream.js'
export type { Format } from './io/format.js'
export { type FromFileOptions, fromFile } from './io/from-file.js'
export { fromIterable } from './io/from-iterable.js'
export { fromProcess, type ProcessEndpoint, type ProcessOptions } from './io/from-process.js'
export { fromReadable } from './io/from-readable.js'
export { type ToFileOptions, toFile } from './io/to-file.js'
export { toWritable } from './io/to-writable.js'
