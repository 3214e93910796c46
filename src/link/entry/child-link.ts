import type { EachHandler } from '../../core/each-delivery.js'
import { portableError } from '../../core/portable-error.js'
import { LinkError } from '../../errors/link-error.js'
import { Mover } from '../mover.js'
import { openDestination } from '../open-destination.js'
import { openSource } from '../open-source.js'
import type { DataFromChild, DataToChild, EdgeCount, Placed, PlacedEndpoint } from '../protocol.js'
import type { Channel } from '../runtime/channel.js'
import { RemoteDestination } from '../runtime/remote-destination.js'
import { RemoteSource } from '../runtime/remote-source.js'
import { loadHandler, loadOperator } from '../step.js'
import { slowPolicy } from '../when-slow.js'
import { ChildQueues } from './child-queues.js'

/** How often, in ms, progress is reported, and how often an idle link looks whether there is any. */
const PROGRESS_EVERY = 100
const LOOK_EVERY = 1000
/** Looks without news after which a link is idle. */
const IDLE_AFTER = 20

/** The way to the parent. */
export type Parent = Channel<DataToChild, DataFromChild>

/** Runs one link as its parent describes it. */
export class ChildLink {
  readonly #parent: Parent
  readonly #sources = new Map<number, RemoteSource>()
  readonly #destinations = new Map<number, RemoteDestination>()
  /** Endpoints that this process has opened itself. */
  readonly #opened = new Set<number>()
  readonly #queues = new ChildQueues()
  readonly #mover: Mover
  /** What the parent says while a queue is being opened waits: it may be about what comes through that queue. */
  #unheard: DataToChild[] | undefined
  #reporting: NodeJS.Timeout
  /** Reports in a row that there was no news for. */
  #unchanged = 0
  #adding = Promise.resolve()
  #reported = ''
  #stopping = false

  static async start(placed: Placed, parent: Parent): Promise<ChildLink> {
    const through = placed.through && (await loadOperator(placed.through))
    const handler = placed.each && (await loadHandler(placed.each))
    const child = new ChildLink(
      parent,
      new Mover({
        ...placed,
        ...(placed.isKeyed ? { keyOf: ({ key }) => key } : {}),
        through,
        handler: handler as EachHandler<unknown, unknown> | undefined,
        onDetached: (id, count) => parent.send({ type: 'detached', id, count }),
      }),
    )
    for (const destination of placed.destinations) await child.#addDestination(destination, placed.version)
    for (const source of placed.sources) await child.#addSource(source)
    parent.send({ type: 'running' })
    child.#mover.begin()
    parent.listen(message => child.#hear(message))
    return child
  }

  constructor(parent: Parent, mover: Mover) {
    this.#parent = parent
    this.#mover = mover
    mover.done.then(
      () => this.#done(),
      error => failed(parent, error),
    )
    this.#reporting = setTimeout(() => this.#report(), PROGRESS_EVERY).unref()
  }

  async stop(drain: boolean, timeout: number): Promise<void> {
    this.#stopping = true
    const { forced, returned } = await this.#mover.stop(drain, timeout)
    const opened = returned.filter(([id]) => this.#opened.has(id))
    await this.#queues.closeAll()
    this.#parent.send({
      type: 'stopped',
      forced,
      returned: opened,
      progress: this.#mover.progress(),
    })
  }

  /** Lets go of what it has opened itself; nobody hears it any more. */
  async leave(): Promise<void> {
    clearTimeout(this.#reporting)
    await this.#adding
    this.#parent.close()
    const left = new LinkError('the child was told to leave', 'ERR_LINK_LEFT')
    for (const destination of this.#destinations.values()) destination.failed(left)
    await this.#mover.stop(false, 0)
    await this.#queues.closeAll()
  }

  async #done(): Promise<void> {
    // A mover that was stopped is done as well; how it stopped is told with that.
    if (this.#stopping) return
    await this.#queues.closeAll()
    this.#parent.send({ type: 'done', progress: this.#mover.progress() })
  }

  async #addSource(placed: PlacedEndpoint): Promise<void> {
    const { id, name, file, queue } = placed
    const parent = this.#parent
    if (file) {
      const { openFileSource } = await import('../open-file.js')
      this.#opened.add(id)
      this.#mover.addSource(id, () => openFileSource(file, placed))
      return
    }
    if (queue) {
      const opened = await this.#queues.open(id, queue)
      this.#opened.add(id)
      this.#mover.addSource(id, () => openSource(opened))
      return
    }
    const source = new RemoteSource(name, {
      settled: items => parent.send({ type: 'settled', id, items }),
      nacked: (item, attempt, o) => {
        const rest = o.reason === undefined ? {} : { reason: portableError(o.reason) }
        parent.send({ type: 'nacked', id, item, attempt, o: { ...o, ...rest } })
      },
      returned: (item, attempt, delay) => parent.send({ type: 'returned', id, item, attempt, delay }),
    })
    this.#sources.set(id, source)
    this.#mover.addSource(id, () => ({ mailbox: source, isTaken: true, stop: () => {} }))
  }

  async #addDestination(placed: PlacedEndpoint, version: number): Promise<void> {
    const { id, name, file, queue, policy = slowPolicy() } = placed
    if (file) {
      // Loaded where there are files: a child is to be there soon.
      const { openFileDestination } = await import('../open-file.js')
      const destination = openFileDestination(file, placed)
      // In line before anything that is settled by writing to it.
      destination.opened?.then(
        () => this.#parent.send({ type: 'opened', id }),
        () => {},
      )
      this.#mover.addDestination(id, destination, policy, version)
      return
    }
    if (queue) {
      const opened = await this.#queues.open(id, queue)
      this.#mover.addDestination(id, openDestination(opened, queue.closeOnComplete ?? false), policy, version)
      return
    }
    const destination = new RemoteDestination(id, name, this.#parent, policy)
    this.#destinations.set(id, destination)
    this.#mover.addDestination(id, openDestination(destination.sink, false), policy, version)
  }

  #hear(message: DataToChild): void {
    if (this.#unheard) this.#unheard.push(message)
    else this.#heed(message)
  }

  #heed(message: DataToChild): void {
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
      case 'addSource':
        return this.#whileRunning(async () => {
          await this.#addSource(message.endpoint)
          this.#parent.send({ type: 'added', id: message.endpoint.id })
        })
      case 'addDestination':
        return this.#whileRunning(async () => {
          await this.#addDestination(message.endpoint, message.version)
          this.#mover.forget(message.oldest)
          this.#parent.send({ type: 'added', id: message.endpoint.id })
        })
      case 'removeSource':
        return this.#removed(message.id, this.#mover.removeSource(message.id, message), this.#sources)
      case 'removeDestination': {
        const { id, version, oldest } = message
        const removed = this.#mover.removeDestination(id, message, version)
        this.#mover.forget(oldest)
        return this.#removed(id, removed, this.#destinations)
      }
      case 'oldest':
        return this.#mover.forget(message.version)
      default:
        failed(
          this.#parent,
          new LinkError('the parent said something unknown', 'ERR_LINK_PROTOCOL', { cause: message }),
        )
    }
  }

  /** What comes when everything has ended already is too late, and the parent is about to hear so. */
  #whileRunning(add: () => Promise<void>): void {
    this.#adding = this.#added(add)
  }

  async #added(add: () => Promise<void>): Promise<void> {
    this.#unheard = []
    try {
      await add()
    } catch (error) {
      if ((error as LinkError).code !== 'ERR_LINK_ENDED') this.#mover.fail(error)
    }
    const unheard = this.#unheard
    this.#unheard = undefined
    for (const message of unheard) this.#hear(message)
  }

  #removed(id: number, removed: Promise<EdgeCount>, own: Map<number, unknown>): void {
    void removed.then(async count => {
      own.delete(id)
      this.#opened.delete(id)
      await this.#queues.close(id)
      this.#parent.send({ type: 'removed', id, count })
    })
  }

  #report(): void {
    const progress = this.#mover.progress()
    const text = JSON.stringify(progress)
    if (text !== this.#reported) {
      this.#unchanged = 0
      this.#parent.send({ type: 'progress', progress })
    } else this.#unchanged++
    this.#reported = text
    const ms = this.#unchanged < IDLE_AFTER ? PROGRESS_EVERY : LOOK_EVERY
    this.#reporting = setTimeout(() => this.#report(), ms).unref()
  }
}

export function failed(parent: Parent, error: unknown): void {
  parent.send({ type: 'failed', error: portableError(error) })
}
