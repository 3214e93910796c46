import { Socket } from 'node:net'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { members } from './members.js'

const DATA_FD = 4
const LOOK_FOR_PARENT_EVERY = 2000

const parentId = process.ppid

/** Moves what the parent tells it to, and ends with the parent. `entry`: of the thread that watches beside steps. */
export function main(entry: URL): void {
  let watchdog: Worker | undefined
  /** Only steps can keep this thread from seeing that the parent is gone. */
  const watch = (): void => {
    if (watchdog) return
    watchdog = new Worker(entry, { workerData: parentId })
    watchdog.unref()
    // Without one, the main thread looks by itself whenever it can.
    watchdog.on('error', () => {})
  }

  process.on('message', members({ data: connect, answer, beforeSteps: watch, left: () => process.exit() }))

  // A signal to the whole process group, as Ctrl-C sends it, is meant for the parent, which stops its links in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

  process.on('disconnect', () => process.exit())
  // A parent that was killed does not always disconnect.
  setInterval(() => {
    if (process.ppid !== parentId) process.exit()
  }, LOOK_FOR_PARENT_EVERY)
}

function connect(): Socket {
  const data = new Socket({ fd: DATA_FD, readable: true, writable: true })
  // Without its parent at the other end there is nothing left to do.
  data.on('close', () => process.exit())
  return data
}

/** A parent that has gone meanwhile needs no answer. */
function answer(message: unknown): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
