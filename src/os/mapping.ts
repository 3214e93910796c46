import process from 'node:process'
import { libc } from './libc.js'
import { systemError } from './system-error.js'

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const [MAP_ANONYMOUS, MAP_NORESERVE] = process.platform === 'darwin' ? [0x1000, 0x40] : [0x20, 0x4000]
const MAP_FAILED = 0xffff_ffff_ffff_ffffn

/** A file's bytes as memory that all who map it share. The file must have the whole length, with blocks behind it. */
export class Mapping {
  /** Stays readable after `close`: it holds zeros then, and nobody else sees what is written. */
  readonly buffer: ArrayBuffer
  readonly #address: bigint
  readonly #bytes: number
  #open = true

  constructor(fd: number, bytes: number) {
    const { mmap, view, errno } = libc()
    const address = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
    if (address === MAP_FAILED) throw systemError('mapping a queue', errno())
    this.#address = address
    this.#bytes = bytes
    this.buffer = view(address, bytes)
  }

  /**
   * Lets go of the file. Memory of nobody takes its place, since a view that is still in use somewhere must not end the
   * process; the addresses come free once the last view is gone.
   */
  close(): void {
    if (!this.#open) return
    this.#open = false
    const { mmap, errno } = libc()
    const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE
    const address = mmap(this.#address, this.#bytes, PROT_READ_WRITE, flags, -1, 0)
    if (address === MAP_FAILED) throw systemError('unmapping a queue', errno())
    addresses.register(this.buffer, { address, bytes: this.#bytes })
  }
}

/** Only addresses depend on it, which cost nothing: memory and file are let go of by `close`. */
const addresses = new FinalizationRegistry<{ address: bigint; bytes: number }>(({ address, bytes }) => {
  libc().munmap(address, bytes)
})
