import { finished, type Readable } from 'node:stream'
import type { Feed } from '../core/feed.js'
import { CodecError } from '../errors/codec-error.js'
import type { Decoder } from './decoder.js'
import { streamError } from './io-error.js'
import { Pump } from './pump.js'

/** Reads a stream into a feed, chunk by chunk as the feed has room. The answer stops it and destroys the stream. */
export function readStream<T>(stream: Readable, name: string, decoder: Decoder<T>, feed: Feed<T>): Pump<T> {
  const pull = (): void => {
    const chunk: unknown = stream.read()
    if (chunk === null) stream.once('readable', pull)
    else if (typeof chunk === 'string') pump.write(Buffer.from(chunk))
    else if (chunk instanceof Uint8Array) pump.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    else
      pump.end(
        new CodecError(`${name} has objects, not bytes: use from(stream), or a stream that is not in object mode`),
      )
  }
  const pump = new Pump(feed, decoder, pull)
  finished(stream, { writable: false }, cause => {
    stream.off('readable', pull)
    pump.end(cause ? streamError('read', name, cause) : undefined)
  })
  pump.start()
  return pump
}
