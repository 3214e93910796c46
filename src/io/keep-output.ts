import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'

/** What an ended child can have left in its pipe; grandchildren that write on wait when it is filled. In bytes. */
const LEFT_OVER = 1024 * 1024

/**
 * A child's stdout for whoever comes to read it, even after the child has exited. Until then it holds up the child when
 * nobody reads; at the exit what is left in the pipe is taken out, so that the pipe can close.
 */
export function keepOutput(child: ChildProcess): Readable {
  const { stdout } = child
  // Inherited: nothing of it comes here.
  if (!stdout) return Readable.from([])
  let room = 0
  const kept = new Readable({
    read: () => void stdout.resume(),
    destroy: (error, done) => {
      stdout.destroy()
      done(error)
    },
  })
  stdout.on('data', (chunk: Buffer) => {
    const more = kept.push(chunk)
    room -= chunk.length
    if (!more && room <= 0) stdout.pause()
  })
  stdout.on('end', () => void kept.push(null))
  stdout.on('error', error => void kept.destroy(error))
  stdout.on('close', () => {
    if (!stdout.readableEnded) kept.destroy()
  })
  child.on('exit', () => {
    room = LEFT_OVER
    stdout.resume()
  })
  return kept
}
