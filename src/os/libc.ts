import { createRequire } from 'node:module'
import process from 'node:process'
import { QueueLinkError } from '../errors/queue-link-error.js'

/** The calls of the C library that Node has no words for. Each answers as in C; `errno()` tells why the last one failed. */
export interface Libc {
  mmap(address: bigint | null, length: number, protection: number, flags: number, fd: number, offset: number): bigint
  munmap(address: bigint, length: number): number
  mkfifo(path: string, mode: number): number
  sched_yield(): number
  /** Sends this process SIGALRM in so many seconds. */
  alarm(seconds: number): number
  /** With a lock in the form of the system's `struct flock`. */
  fcntl(fd: number, command: number, lock: Uint8Array): number
  /** Another descriptor for what is open there, which programs that are started do not inherit. */
  dup(fd: number): number
  /** Answers the error's number itself. Missing where the system has none. */
  posix_fallocate?(fd: number, offset: number, length: number): number
  errno(): number
  /** The memory at an address, without a copy; nothing frees it. */
  view(address: bigint, length: number): ArrayBuffer
}

/** F_DUPFD_CLOEXEC */
const DUPLICATE = process.platform === 'darwin' ? 67 : 1030

let loaded: Libc | undefined

/** Loaded by the first call: importing this package loads no native code. Throws `ERR_UNSUPPORTED` where it cannot be had. */
export function libc(): Libc {
  loaded ??= load()
  return loaded
}

function load(): Libc {
  const { platform, arch } = process
  // The calls below are declared as they are on systems with 64 bits.
  const known =
    (platform === 'linux' || platform === 'darwin') && !['ia32', 'arm', 'mips', 'mipsel', 's390'].includes(arch)
  if (!known) throw unsupported(`queuelink has no shared memory on ${platform} (${arch})`)
  let koffi: typeof import('koffi')
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  } catch (error) {
    throw unsupported(`koffi, which calls the system, cannot be loaded: ${(error as Error).message}`, error)
  }
  // The program itself: it has loaded its C library, glibc or musl, under whatever name.
  const library = koffi.load(null)
  const fcntl = library.func('int fcntl(int fd, int command, ...)')
  return {
    mmap: library.func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)'),
    munmap: library.func('int munmap(void *address, size_t length)'),
    mkfifo: library.func('int mkfifo(const char *path, unsigned int mode)'),
    sched_yield: library.func('int sched_yield()'),
    alarm: library.func('unsigned int alarm(unsigned int seconds)'),
    fcntl: (fd, command, lock) => fcntl(fd, command, 'void *', lock),
    dup: fd => fcntl(fd, DUPLICATE, 'int', 0),
    ...(platform === 'linux' && {
      posix_fallocate: library.func('int posix_fallocate(int fd, int64_t offset, int64_t length)'),
    }),
    errno: () => koffi.errno(),
    view: (address, length) => koffi.view(address, length),
  }
}

function unsupported(why: string, cause?: unknown): QueueLinkError {
  const way = 'use a queue in memory and hostQueue(), which other processes reach through a socket'
  return new QueueLinkError(`${why}: ${way}`, 'ERR_UNSUPPORTED', { cause })
}
