/** Counts since the handle was opened; a handle counts what passed through it. */
export class QueueMetrics {
  /** Items stored. */
  put = 0
  /** Of them, those that were known by their key already, and were not stored again. */
  repeated = 0
  /** Hand-overs to user code, first ones and repeated ones. */
  handedOver = 0
  /** Items settled for good. */
  acked = 0
  /** Deliveries given back by a failure or a `nack`. */
  nacked = 0
  /** Items moved to the dead-letter queue. */
  deadLettered = 0
  /** Items that nobody holds any more: refused with `requeue: false`, or given back after an immediate shutdown. */
  discarded = 0
  /** Values that a full sink refused or dropped. */
  refused = 0
  /** Acks and nacks that came too late. */
  lateSettles = 0
}
