import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { Feed } from '../core/feed.js'
import { Source } from '../core/source.js'
import { optionError } from '../errors/option-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { DemandFeed } from './demand-feed.js'
import { checkFormat, type Decoded, type Format, type FormatOption, type ValueFormat } from './format.js'
import { decoderFor } from './framing.js'
import { streamError } from './io-error.js'
import { ItemDecoder } from './item-decoder.js'
import type { Pump } from './pump.js'
import { readStream } from './read-stream.js'
import { RenewedDecoder } from './renewed-decoder.js'

const NAME = 'the stream'
const fail = (cause: unknown): unknown => streamError('read', NAME, cause)

/**
 * A stream of Node, or a web stream, as a source of lines, chunks, JSON values or frames. A Readable in object mode (that of
 * `Readable.from` is, unless told otherwise), and a web stream that begins with neither text nor bytes, bring items: they
 * pass as they are, whatever `as` says.
 *
 * It is read only as fast as its items are settled, and once: a second subscription, or a web stream that is locked, ends
 * with `ERR_STREAM_TAKEN`. Unsubscribing destroys the stream, or cancels it, as leaving a `for await` loop does. A stream that
 * fails, or closes before its end, is an error `ERR_STREAM` after the items that came before; what cannot be decoded is a
 * CodecError.
 *
 * @example
 * ```ts
 * import { fromReadable } from 'queuelink'
 *
 * fromReadable(new Blob(['a\nb', '\nc']).stream()).subscribe(line => console.log(line)) // a b c
 * ```
 */
export function fromReadable<T>(
  stream: Readable | ReadableStream,
  o: FormatOption<ValueFormat> & { as: ValueFormat },
): Source<T>
export function fromReadable<A extends Format = 'lines'>(
  stream: Readable | ReadableStream,
  o?: FormatOption<A>,
): Source<Decoded[A]>
export function fromReadable(stream: Readable | ReadableStream, o: FormatOption<Format> = {}): Source<unknown> {
  const as = checkFormat(o.as)
  if (!isWeb(stream) && typeof stream?.read !== 'function') {
    throw optionError('stream', 'a Readable or a ReadableStream', stream)
  }
  let taken = false
  return new Source<unknown>(
    NAME,
    () => feedFor(stream),
    feed => {
      if (taken || (isWeb(stream) && stream.locked)) {
        const mend = 'share() the source, or read the stream into a queue'
        feed.end(new QueueLinkError(`${NAME} has a reader already; ${mend}`, 'ERR_STREAM_TAKEN'))
        return () => {}
      }
      taken = true
      const input = isWeb(stream) ? Readable.fromWeb(stream, { objectMode: true, highWaterMark: 1 }) : stream
      const pump = isWeb(stream) ? readWeb(input, as, feed as DemandFeed<unknown>) : readNode(input, as, feed)
      return () => {
        pump.stop()
        // A stream that was read to its end may still be written to.
        if (!input.readableEnded) input.destroy()
      }
    },
  )
}

function isWeb(stream: Readable | ReadableStream): stream is ReadableStream {
  return typeof (stream as ReadableStream | undefined)?.getReader === 'function'
}

function feedFor(stream: Readable | ReadableStream): Feed<unknown> {
  if (isWeb(stream)) return new DemandFeed(NAME, false)
  return stream.readableObjectMode ? new DemandFeed(NAME) : new Feed(NAME)
}

function readNode(stream: Readable, as: Format, feed: Feed<unknown>): Pump<unknown> {
  const items = stream.readableObjectMode
  return readStream(stream, items ? new ItemDecoder() : decoderFor(as), feed, { fail, areItems: () => items })
}

/** Only its first chunk tells what a web stream is made of. */
function readWeb(stream: Readable, as: Format, feed: DemandFeed<unknown>): Pump<unknown> {
  const decoder = new RenewedDecoder<unknown>(decoderFor(as), () => new ItemDecoder())
  const areItems = (first: unknown): boolean => {
    if (typeof first === 'string' || first instanceof Uint8Array) return false
    feed.onDemand = true
    decoder.renew()
    return true
  }
  return readStream(stream, decoder, feed, { fail, areItems })
}
