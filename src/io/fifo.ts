import { readSync } from 'node:fs'
import { Socket } from 'node:net'

/** How often a FIFO that nobody wrote to is asked whether somebody has come to, in ms. */
const LOOK = 250
const ROOM = 64 * 1024

/**
 * Reads a FIFO, opened without blocking. Until its first writer comes it does not keep the process alive, from then on, to
 * its end, it does.
 */
export function openFifo(fd: number): Socket {
  const socket = new Socket({ fd, writable: false })
  socket.unref()
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const came = writer(fd)
    if (came === undefined) timer = setTimeout(look, LOOK).unref()
    else {
      socket.ref()
      // What the event loop has read before is in the stream already.
      if (came.length > 0) socket.push(came)
    }
  }
  socket.once('readable', () => {
    clearTimeout(timer)
    socket.ref()
  })
  socket.once('close', () => clearTimeout(timer))
  look()
  return socket
}

/** Undefined while nobody writes: a read tells, at the price of taking out what there is. */
function writer(fd: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(ROOM)
  try {
    const bytes = readSync(fd, buffer, 0, ROOM, null)
    return bytes > 0 ? buffer.subarray(0, bytes) : undefined
  } catch {
    // EAGAIN: there is a writer, and nothing to read yet. Any other error is the stream's to tell.
    return buffer.subarray(0, 0)
  }
}
