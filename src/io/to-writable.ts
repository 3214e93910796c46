import type { Writable } from 'node:stream'
import type { Sink } from '../core/sink.js'
import { checkFormat, type Encodable, type Format, type FormatOption, type ValueFormat } from './format.js'
import { sinkInto } from './outlet-sink.js'
import { StreamTarget } from './stream-target.js'

/**
 * A stream as a sink. An item is stored when the stream's write callback says so; up to 1 MiB waits for that. The stream
 * ends when the source completes or is unsubscribed, and is destroyed, with all accepted items written, when the source
 * fails; `process.stdout` and `process.stderr` stay open. A stream that fails or closes gives its items back, and `done`
 * rejects with `ERR_STREAM`; what cannot be encoded is a CodecError.
 *
 * @example
 * ```ts
 * import { toWritable } from 'queuelink'
 * import { of } from 'rxjs'
 * import process from 'node:process'
 *
 * const out = toWritable(process.stdout)
 * of('one', 'two').subscribe(out)
 * await out.done
 * ```
 */
export function toWritable<T>(stream: Writable, o: FormatOption<ValueFormat> & { as: ValueFormat }): Sink<T>
export function toWritable<A extends Format = 'lines'>(stream: Writable, o?: FormatOption<A>): Sink<Encodable[A]>
export function toWritable(stream: Writable, o: FormatOption<Format> = {}): unknown {
  return sinkInto(new StreamTarget(stream, 'the stream'), checkFormat(o.as))
}
