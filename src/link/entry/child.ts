import module from 'node:module'
import { Socket } from 'node:net'
import process from 'node:process'
import { Worker } from 'node:worker_threads'

// The child process of a link: moves what its parent tells it to, and ends with its parent.

// From Node 22.1 on: what was compiled once need not be again. It serves what is loaded after it is there.
;(module as { enableCompileCache?(): unknown }).enableCompileCache?.()
const { members } = await import('./members.js')

const DATA_FD = 4
const LOOK_FOR_PARENT_EVERY = 500

const parentId = process.ppid

let watchdog: Worker | undefined

/** Only steps can keep this thread from seeing that the parent is gone. */
function watch(): void {
  if (watchdog) return
  watchdog = new Worker(new URL('./watchdog.js', import.meta.url), { workerData: parentId })
  watchdog.unref()
  // Without one, the main thread looks by itself whenever it can.
  watchdog.on('error', () => {})
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

process.on('message', members({ data: connect, answer, beforeSteps: watch, left: () => process.exit() }))

// A signal to the whole process group, as Ctrl-C sends it, is meant for the parent, which stops its links in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.on('disconnect', () => process.exit())
// A parent that was killed does not always disconnect.
setInterval(() => {
  if (process.ppid !== parentId) process.exit()
}, LOOK_FOR_PARENT_EVERY)
