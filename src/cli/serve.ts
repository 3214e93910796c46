import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Queue } from '../core/queue.js'
import { fifoQueue } from '../queues/memory/fifo-queue.js'
import { lifoQueue } from '../queues/memory/lifo-queue.js'
import { priorityQueue } from '../queues/memory/priority-queue.js'
import { hostQueue } from '../queues/socket/host-queue.js'
import { ExitCode } from './exit-code.js'
import { meetAt, queueAddress } from './queues/queue-address.js'
import { UsageError } from './usage-error.js'

export interface ServeOptions {
  capacity?: number
  joinable?: boolean
  cert?: string
  key?: string
  quiet?: boolean
  json?: boolean
}

const IN_MEMORY = { fifo: fifoQueue, lifo: lifoQueue, priority: priorityQueue }

/** Hosts a queue until SIGINT or SIGTERM. */
export async function serve(what: string, address: string, o: ServeOptions): Promise<ExitCode> {
  if (!/^(unix|tcp):./.test(address)) throw new UsageError(`'${address}' is no address; use unix:PATH or tcp:HOST:PORT`)
  const given = process.env.QUEUELINK_TOKEN
  const tls = o.cert && o.key ? { cert: readFileSync(o.cert), key: readFileSync(o.key) } : undefined
  const stopped = stopSignal()
  await using queue = await opened(what, o)
  await using host = await hostQueue(queue, address, { ...(given ? { token: given } : {}), ...(tls ? { tls } : {}) })
  // Whoever started it without a token has to hear of the one that was made; a given one is not repeated.
  const { address: at, token } = host
  const line = o.json
    ? JSON.stringify({ address: at, ...(given ? {} : { token }) })
    : `serving ${what} at ${at}${given ? '' : `\nQUEUELINK_TOKEN=${token}`}`
  if (o.json || !o.quiet) process.stdout.write(`${line}\n`)
  return await stopped
}

function opened(what: string, { capacity, joinable = false }: ServeOptions): Queue<unknown> | Promise<Queue<unknown>> {
  const make = Object.hasOwn(IN_MEMORY, what) ? IN_MEMORY[what as keyof typeof IN_MEMORY] : undefined
  if (make) return make<unknown>({ joinable, ...(capacity ? { capacity } : {}) })
  const descriptor = queueAddress(what)
  if (!descriptor || descriptor.kind === 'hosted') {
    throw new UsageError(`'${what}' cannot be served; use fifo, lifo, priority, shm:NAME or durable:PATH`)
  }
  if (capacity || joinable) throw new UsageError(`--capacity and --joinable are for queues in memory, not for ${what}`)
  return meetAt(descriptor)
}

function stopSignal(): Promise<ExitCode> {
  return new Promise(resolve => {
    process.once('SIGINT', () => resolve(ExitCode.done))
    process.once('SIGTERM', () => resolve(ExitCode.done))
  })
}
