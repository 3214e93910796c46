import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fifoQueue, link, QueueLink, type SyncQueue, sharedQueue, step } from 'queuelink'
import { afterAll, describe, expect, it } from 'vitest'
import { leavesNothing, openFiles, STEPS, until, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

const made: SyncQueue<string>[] = []
afterAll(() => Promise.all(made.map(queue => queue.unlink())))

async function shared(): Promise<SyncQueue<string>> {
  const queue = await sharedQueue<string>(randomUUID())
  made.push(queue)
  return queue
}

function fifo(): string {
  const path = join(workDir(), 'fifo')
  spawnSync('mkfifo', [path])
  return path
}

/** What is open here, by number. */
function opened(): Map<number, string> {
  const all = new Map<number, string>()
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      all.set(Number(fd), readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      // It was open to read this directory.
    }
  }
  return all
}

describe('a link placed in a thread', () => {
  it('[L57] closes nothing that took the number of a pipe that it has closed before', async () => {
    const linked = new QueueLink({ placement: 'thread' })
    linked.read(fifoQueue())
    const kept = linked.write(fifoQueue())
    await linked.registered(kept)
    const before = opened()
    const path = fifo()
    const ends = [linked.read(await shared()), linked.read(path), linked.write(await shared())]
    await Promise.all(ends.map(id => linked.registered(id)))
    await until(() => [...opened().values()].includes(path), 'the opening of the pipe')
    await Promise.all(ends.map(id => linked.unregister(id, { force: true })))
    await until(() => ![...opened().values()].includes(path), 'its closing')
    const numbers = Array.from({ length: 40 }, () => openSync('/dev/null', 'r'))
    expect(numbers.filter(fd => !before.has(fd)).length).toBeGreaterThan(0)
    await linked.stop()
    const closed = numbers.filter(fd => {
      try {
        return !fstatSync(fd).isCharacterDevice()
      } catch {
        return true
      }
    })
    for (const fd of numbers) if (!closed.includes(fd)) closeSync(fd)
    expect(closed).toEqual([])
  })

  it('[L57] leaves nothing open, whatever it is doing when it is stopped', async () => {
    const [source, destination] = [await shared(), await shared()]
    const before = openFiles()
    const after = Array.from({ length: 6 }, (_, at) => 70 * at)
    const stopped = after.map(async ms => {
      const o = { placement: 'thread', each: step(STEPS, 'upper') } as const
      const linked = link([source, fifoQueue<string>()], [destination, join(workDir(), 'out')], o)
      await sleep(ms)
      await linked.stop()
    })
    await Promise.all(stopped)
    await until(() => openFiles() <= before, `closing ${openFiles() - before} descriptors`)
  })
})
