import { ftruncate, read } from 'node:fs'

const BLOCK = 64 * 1024
const LF = 10

/** Cuts an open file after its last line feed, and so takes away a record that a crash left half written. */
export function cutAfterLastLine(fd: number, size: number, done: (error: Error | null) => void): void {
  const block = Buffer.allocUnsafe(Math.min(BLOCK, size))
  const look = (end: number): void => {
    if (end === 0) {
      ftruncate(fd, 0, done)
      return
    }
    const start = Math.max(0, end - BLOCK)
    read(fd, block, 0, end - start, start, (error, bytes) => {
      if (error) {
        done(error)
        return
      }
      const last = block.subarray(0, bytes).lastIndexOf(LF)
      if (last < 0) look(start)
      else if (start + last + 1 === size) done(null)
      else ftruncate(fd, start + last + 1, done)
    })
  }
  look(size)
}
