import { Socket } from 'node:net'
import process from 'node:process'
import { eachDelivery } from '../../core/each-delivery.js'
import { SpillDirectory } from '../../core/spill.js'
import { openFileDestination, openFileSource } from '../endpoint.js'
import { Mover } from '../mover.js'
import { openDestination } from '../open-destination.js'
import type { DataFromChild, DataToChild, FromChild, Placed, PlacedEndpoint, ToChild } from '../protocol.js'
import { Channel } from '../runtime/channel.js'
import { RemoteDestination } from '../runtime/remote-destination.js'
import { RemoteSource } from '../runtime/remote-source.js'
import { loadHandler, loadOperator } from '../step.js'

// The child of a process-placed link: moves what its parent tells it to, and ends with its parent.

const DATA_FD = 4
const PROGRESS_EVERY = 100
const LOOK_FOR_PARENT_EVERY = 500

/** Runs one link as its parent describes it. */
class Child {
  readonly #channel: Channel<DataToChild, DataFromChild>
  readonly #sources = new Map<number, RemoteSource>()
  readonly #destinations = new Map<number, RemoteDestination>()
  readonly #mover: Mover
  #reported = ''

  static async start(placed: Placed): Promise<Child> {
    const stream = new Socket({ fd: DATA_FD, readable: true, writable: true })
    // Without its parent at the other end there is nothing left to do.
    stream.on('close', () => process.exit())
    // Not read before there is somebody to hear it.
    const open = (hear: (message: DataToChild) => void): Channel<DataToChild, DataFromChild> =>
      new Channel(stream, new SpillDirectory(placed.spill), hear, error => {
        throw error
      })
    try {
      const through = placed.through && (await loadOperator(placed.through))
      const handler = placed.each && (await loadHandler(placed.each))
      const each = handler && eachDelivery<unknown, unknown>(handler as never, placed.concurrency)
      const child = new Child(open, new Mover({ ...placed, through, each }))
      for (const destination of placed.destinations) child.addDestination(destination)
      for (const source of placed.sources) child.addSource(source)
      return child
    } catch (error) {
      open(() => {}).send({ type: 'failed', error })
      throw error
    }
  }

  constructor(open: (hear: (message: DataToChild) => void) => Channel<DataToChild, DataFromChild>, mover: Mover) {
    const channel = open(message => this.#hear(message))
    this.#channel = channel
    this.#mover = mover
    mover.done.then(
      () => channel.send({ type: 'done', progress: mover.progress() }),
      error => channel.send({ type: 'failed', error }),
    )
    setInterval(() => this.#report(), PROGRESS_EVERY).unref()
  }

  addSource(placed: PlacedEndpoint): void {
    const { id, name, file } = placed
    if (file) {
      this.#mover.addSource(id, openFileSource(file, placed))
      return
    }
    const source = new RemoteSource(name, {
      settled: items => this.#channel.send({ type: 'settled', id, items }),
      nacked: (item, attempt, o) => this.#channel.send({ type: 'nacked', id, item, attempt, o }),
    })
    this.#sources.set(id, source)
    this.#mover.addSource(id, { mailbox: source, stop: () => {} })
  }

  addDestination(placed: PlacedEndpoint): void {
    const { id, name, file } = placed
    if (file) {
      this.#mover.addDestination(id, openFileDestination(file, placed))
      return
    }
    const destination = new RemoteDestination(id, name, this.#channel)
    this.#destinations.set(id, destination)
    this.#mover.addDestination(id, openDestination(destination.sink, false))
  }

  async stop(drain: boolean, timeout: number): Promise<void> {
    const forced = await this.#mover.stop(drain, timeout)
    this.#channel.send({ type: 'stopped', forced, progress: this.#mover.progress() })
  }

  #hear(message: DataToChild): void {
    switch (message.type) {
      case 'items':
        return this.#sources.get(message.id)?.receive(message.metas, message.values)
      case 'end':
        return void this.#sources.get(message.id)?.shutdown(false, message.error)
      case 'stored':
        return this.#destinations.get(message.id)?.stored(message.ticket)
      case 'failed':
        return this.#destinations.get(message.id)?.failed(message.error)
      case 'completed':
        return this.#destinations.get(message.id)?.completed(message.error)
      default:
        throw new Error(`the parent said something unknown: ${JSON.stringify(message)}`)
    }
  }

  #report(): void {
    const progress = this.#mover.progress()
    const text = JSON.stringify(progress)
    if (text === this.#reported) return
    this.#reported = text
    tell({ queuelink: 'progress', progress })
  }
}

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

let child: Promise<Child> | undefined

process.on('message', (message: ToChild) => {
  switch (message?.queuelink) {
    case 'start':
      child = Child.start(message.placed)
      child.then(
        () => tell({ queuelink: 'running' }),
        () => {},
      )
      return
    case 'addSource':
      return void child?.then(running => running.addSource(message.endpoint))
    case 'addDestination':
      return void child?.then(running => running.addDestination(message.endpoint))
    case 'stop':
      return void child?.then(running => running.stop(message.drain, message.timeout))
    default:
  }
})

// A signal to the whole process group, as Ctrl-C sends it, is meant for the parent, which stops its links in order.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

process.on('disconnect', () => process.exit())
// A parent that was killed does not always disconnect.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.exit()
}, LOOK_FOR_PARENT_EVERY)
