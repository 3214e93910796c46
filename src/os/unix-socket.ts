import { chmod, link, lstat, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { QueueExistsError } from '../errors/queue-exists-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'

/** Bytes that the system has for the path of a socket. */
const LONGEST = process.platform === 'linux' ? 107 : 103

/**
 * Lets a server listen at a path that only this user may connect to. What a host that died has left there is replaced; a
 * living one's is refused with QueueExistsError. The answer removes the socket, unless it is another's by then.
 */
export async function listenAt(server: Server, path: string): Promise<() => Promise<void>> {
  let room: string | undefined
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // Made where nobody else can reach it, and moved into place when its mode is right.
    room = await mkdtemp(join(dirname(path), '.q'))
    const made = join(room, 's')
    checkSocketPath(made)
    await listening(server, made)
    await chmod(made, 0o600)
    const { ino } = await lstat(made)
    await place(made, path)
    return async () => {
      const there = await lstat(path).catch(() => undefined)
      if (there?.ino === ino) await rm(path, { force: true })
    }
  } catch (cause) {
    server.close()
    if (cause instanceof QueueLinkError) throw cause
    throw new QueueLinkError(`no socket can be made at ${path}: ${(cause as Error).message}`, 'ERR_ADDRESS', { cause })
  } finally {
    if (room) await rm(room, { recursive: true, force: true })
  }
}

/** What is longer, the system cuts off: who connects would talk to another socket. Throws `ERR_ADDRESS`. */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= LONGEST) return
  throw new QueueLinkError(`the path of a socket has ${LONGEST} bytes at most; ${path} is too long`, 'ERR_ADDRESS')
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function place(made: string, path: string): Promise<void> {
  for (;;) {
    try {
      await link(made, path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    await bury(path)
  }
}

/** Takes a dead socket out of the way. Two that find it dead at once move away different things, and the second looks again. */
async function bury(path: string): Promise<void> {
  if (await isAlive(path)) throw taken(path)
  const grave = join(await mkdtemp(join(dirname(path), '.q')), 's')
  try {
    await rename(path, grave)
    if (!(await isAlive(grave))) return
    // It had come to life, or another's took its place, between the two looks.
    await link(grave, path).catch(() => {})
    throw taken(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    await rm(dirname(grave), { recursive: true, force: true })
  }
}

function taken(path: string): QueueExistsError {
  return new QueueExistsError(`a queue is hosted at ${path} already, or something else lies there; choose another path`)
}

/** Whatever is no socket counts as alive: it is not ours to remove. */
async function isAlive(path: string): Promise<boolean> {
  const there = await lstat(path).catch(() => undefined)
  if (!there) return false
  if (!there.isSocket()) return true
  return new Promise(resolve => {
    const probe = connect(path)
    const answer = (alive: boolean): void => {
      probe.destroy()
      resolve(alive)
    }
    probe.once('connect', () => answer(true))
    probe.once('error', error => {
      const { code } = error as NodeJS.ErrnoException
      answer(code !== 'ECONNREFUSED' && code !== 'ENOENT')
    })
  })
}
