import { Writable } from 'node:stream'
import type { WritableStream } from 'node:stream/web'
import type { Sink } from '../core/sink.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { checkFormat, type Encodable, type Format, type FormatOption, type ValueFormat } from './format.js'
import { sinkInto } from './outlet-sink.js'
import { StreamTarget } from './stream-target.js'

const NAME = 'the stream'

/**
 * A stream of Node, or a web stream, as a sink of lines, bytes, JSON values or frames. An item is stored when the stream's
 * write callback says so; up to 1 MiB waits for that. The stream ends when the source completes or is unsubscribed, and is
 * destroyed, with all accepted items written, when the source fails (a web stream is aborted); `process.stdout` and
 * `process.stderr` stay open. A stream that fails or closes gives its items back, and `done` rejects with `ERR_STREAM`;
 * what cannot be encoded is a CodecError. A web stream that is locked throws `ERR_STREAM_TAKEN`.
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
export function toWritable<T>(
  stream: Writable | WritableStream,
  o: FormatOption<ValueFormat> & { as: ValueFormat },
): Sink<T>
export function toWritable<A extends Format = 'lines'>(
  stream: Writable | WritableStream,
  o?: FormatOption<A>,
): Sink<Encodable[A]>
export function toWritable(stream: Writable | WritableStream, o: FormatOption<Format> = {}): unknown {
  const as = checkFormat(o.as)
  return sinkInto(isWeb(stream) ? overWeb(stream) : new StreamTarget(stream, NAME), as)
}

function isWeb(stream: Writable | WritableStream): stream is WritableStream {
  return typeof (stream as WritableStream | undefined)?.getWriter === 'function'
}

function overWeb(stream: WritableStream): StreamTarget {
  if (stream.locked) {
    throw new QueueLinkError(`${NAME} has a writer already; release its lock first`, 'ERR_STREAM_TAKEN')
  }
  const reason = new QueueLinkError('what wrote to this stream failed before its end', 'ERR_STREAM')
  return new StreamTarget(Writable.fromWeb(stream), NAME, reason)
}
