import process from 'node:process'
import { libc } from './libc.js'
import { systemError } from './system-error.js'

// Locks of an open file description: the kernel drops them when it is closed, by whomever, and shows them to every other
// description, also of the same process.
const [SET_LOCK, GET_LOCK] = process.platform === 'darwin' ? [90, 92] : [37, 36]
const [WRITE_LOCK, UNLOCK] = process.platform === 'darwin' ? [3, 2] : [1, 2]
const EAGAIN = process.platform === 'darwin' ? 35 : 11
const EACCES = 13

// struct flock. Linux: type i16, whence i16, start i64 at 8, length i64 at 16, pid i32 at 24.
// macOS: start i64, length i64, pid i32 at 16, type i16 at 20, whence i16.
const lock = new DataView(new ArrayBuffer(32))
const bytes = new Uint8Array(lock.buffer)
const [TYPE, START, LENGTH] = process.platform === 'darwin' ? [20, 0, 8] : [0, 8, 16]

/**
 * Signs of life: a lock on one byte of a file, by an open file of the owner's own. The kernel keeps it as long as the owner
 * lives, stopped or not, and drops it when the owner ends in any way: a process that is not waited for, or a thread that was
 * terminated, holds nothing. Neither process ids nor start times are needed.
 */
export class Life {
  readonly #fd: number

  /**
   * The file must stay open as long as its owner lives, must not be another owner's or mapped, and must have been opened by
   * Node, which closes it when it terminates a thread.
   */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** False: the byte is somebody's. */
  claim(byte: number): boolean {
    if (this.#call(SET_LOCK, WRITE_LOCK, byte, 1)) return true
    const errno = libc().errno()
    if (errno === EAGAIN || errno === EACCES) return false
    throw systemError('locking a byte of a queue', errno)
  }

  release(byte: number): void {
    this.#call(SET_LOCK, UNLOCK, byte, 1)
  }

  /** Somebody else holds one of these bytes. */
  probe(byte: number, count = 1): boolean {
    if (!this.#call(GET_LOCK, WRITE_LOCK, byte, count)) throw systemError('probing a byte of a queue', libc().errno())
    return lock.getInt16(TYPE, true) !== UNLOCK
  }

  #call(command: number, type: number, start: number, length: number): boolean {
    bytes.fill(0)
    lock.setInt16(TYPE, type, true)
    lock.setBigInt64(START, BigInt(start), true)
    lock.setBigInt64(LENGTH, BigInt(length), true)
    return libc().fcntl(this.#fd, command, bytes) === 0
  }
}
