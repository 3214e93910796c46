import { Readable } from 'node:stream'
import { Feed } from '../core/feed.js'
import { type Read, Source } from '../core/source.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { onAbort } from '../util/on-abort.js'
import type { Child } from './child.js'
import type { Format } from './format.js'
import { decoderFor } from './framing.js'
import { streamError } from './io-error.js'
import { keepOutput } from './keep-output.js'
import { readStream } from './read-stream.js'

/** A child's stdout: nothing of it is lost, so that the child waits while nobody reads. */
export function stdoutOf(child: Child, as: Format, signal: AbortSignal | undefined): Source<unknown> {
  const name = `stdout of ${child.command}`
  const stream = child.process && keepOutput(child.process)
  endAfterAbort(child, stream, signal)
  return onceAtATime(name, child, feed => {
    if (!stream) return () => {}
    const pump = readStream(stream, decoderFor(as), feed, { fail: cause => streamError('read', name, cause) })
    const forget = onAbort(signal, () => {
      pump.abort(signal?.reason)
      // Not closed under the child's feet: it has been asked to end, and may have to write first.
      stream.removeAllListeners('readable').resume()
    })
    return () => {
      pump.stop()
      forget()
      if (!signal?.aborted) stream.destroy()
    }
  })
}

/** A child's stderr: what comes while nobody reads is dropped but for its tail, so that the child never waits for that. */
export function stderrOf(child: Child, signal: AbortSignal | undefined): Source<string> {
  const name = `stderr of ${child.command}`
  const stream = child.process?.stderr
  let reader: Readable | undefined
  stream?.on('data', (chunk: Buffer) => {
    child.tail.add(chunk)
    if (reader?.push(chunk) === false) stream.pause()
  })
  stream?.on('close', () => void reader?.push(null))
  stream?.on('error', () => {})
  endAfterAbort(child, stream, signal)
  return onceAtATime(name, child, feed => {
    if (!stream) {
      feed.end()
      return () => {}
    }
    // Node lets a paused stream flow when its process has exited: what comes then waits in here.
    const mine = new Readable({ read: () => void stream.resume() })
    reader = mine
    if (stream.closed) mine.push(null)
    const pump = readStream(mine, decoderFor('lines'), feed, { fail: cause => streamError('read', name, cause) })
    return () => {
      reader = undefined
      pump.stop()
      mine.destroy()
      stream.resume()
    }
  })
}

/** Its own children may outlive a process that was aborted, and would keep the pipe open and full. */
function endAfterAbort(child: Child, stream: Readable | null | undefined, signal: AbortSignal | undefined): void {
  child.exit.catch(() => {
    if (signal?.aborted) stream?.destroy()
  })
}

/** Reads once the child has started; if it does not, the reader ends with the reason. */
function onceAtATime<T>(name: string, child: Child, read: Read<T>): Source<T> {
  let taken = false
  return new Source<T>(
    name,
    () => new Feed(name),
    feed => {
      if (taken) {
        feed.end(new QueueLinkError(`${name} has a subscription already; share() the source`, 'ERR_STREAM_TAKEN'))
        return () => {}
      }
      taken = true
      let left = false
      let stop = (): void => {}
      child.started.then(
        () => {
          if (!left) stop = read(feed)
        },
        error => feed.end(error),
      )
      return () => {
        left = true
        taken = false
        stop()
      }
    },
  )
}
