import type { Readable } from 'node:stream'
import { Feed } from '../core/feed.js'
import { Source } from '../core/source.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { checkFormat, type Decoded, type Format, type FormatOption, type ValueFormat } from './format.js'
import { decoderFor } from './framing.js'
import { readStream } from './read-stream.js'

/**
 * A stream as a source of lines, chunks or JSON values. It is read only as fast as its items are settled, and once: a
 * second subscription ends with `ERR_STREAM_TAKEN`. Unsubscribing destroys the stream, as leaving a `for await` loop does.
 * A stream that fails, or closes before its end, is an error `ERR_STREAM` after the items that came before.
 *
 * @example
 * ```ts
 * import { fromReadable } from 'queuelink'
 * import { Readable } from 'node:stream'
 *
 * fromReadable(Readable.from(['a\nb', '\nc'])).subscribe(line => console.log(line)) // a b c
 * ```
 */
export function fromReadable<T>(stream: Readable, o: FormatOption<ValueFormat> & { as: ValueFormat }): Source<T>
export function fromReadable<A extends Format = 'lines'>(stream: Readable, o?: FormatOption<A>): Source<Decoded[A]>
export function fromReadable(stream: Readable, o: FormatOption<Format> = {}): Source<unknown> {
  const as = checkFormat(o.as)
  const name = 'the stream'
  let taken = false
  return new Source<unknown>(
    name,
    () => new Feed(name),
    feed => {
      if (taken) {
        const mend = 'share() the source, or read the stream into a queue'
        feed.end(new QueueLinkError(`${name} has a subscription already; ${mend}`, 'ERR_STREAM_TAKEN'))
        return () => {}
      }
      taken = true
      const pump = readStream(stream, name, decoderFor(as), feed)
      return () => {
        pump.stop()
        // A stream that was read to its end may still be written to.
        if (!stream.readableEnded) stream.destroy()
      }
    },
  )
}
