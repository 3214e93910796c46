import { finished, type Readable } from 'node:stream'
import type { Feed } from '../core/feed.js'
import { CodecError } from '../errors/codec-error.js'
import type { Decoder } from './decoder.js'
import { Pump } from './pump.js'

export interface ReadOptions {
  /** What a failure of the stream becomes. */
  fail(cause: unknown): unknown
  /** Its chunks are items, not bytes; told by the first one. */
  areItems?(first: unknown): boolean
}

/** Reads a stream into a feed, chunk by chunk as the feed has room. */
export function readStream<T>(stream: Readable, decoder: Decoder<T>, feed: Feed<T>, o: ReadOptions): Pump<T> {
  let items: boolean | undefined
  let waiting = false
  let failure: unknown
  const pull = (): void => {
    waiting = false
    const chunk: unknown = stream.read()
    if (chunk === null) {
      if (failure !== undefined) pump.end(failure)
      else {
        waiting = true
        stream.once('readable', pull)
      }
      return
    }
    items ??= o.areItems?.(chunk) ?? false
    if (items) pump.write(chunk as Buffer)
    else if (typeof chunk === 'string') pump.write(Buffer.from(chunk))
    else if (chunk instanceof Uint8Array) pump.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    else pump.end(new CodecError(`bytes or text came first, and then ${typeof chunk}: make it a stream of one of them`))
  }
  const pump = new Pump(feed, decoder, pull)
  finished(stream, { writable: false }, cause => {
    stream.off('readable', pull)
    if (!cause) pump.end()
    else {
      // What came before is still there to be read.
      failure = o.fail(cause)
      if (waiting) pull()
    }
  })
  pump.start()
  return pump
}
