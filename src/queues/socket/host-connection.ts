import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { cutOff, type Message, Wire } from '../../core/wire.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { QueueNotFoundError } from '../../errors/queue-not-found-error.js'
import { Deferred } from '../../util/deferred.js'
import { onAbort } from '../../util/on-abort.js'
import { type Address, formatAddress } from './address.js'
import { packHello } from './hello.js'
import type { ToClient, ToHost, Welcome } from './protocol.js'
import { tls } from './tls.js'

export interface ConnectionTerms {
  readonly address: Address
  readonly token: string
  readonly tls: ConnectionOptions | undefined
  /** Ms to try for, once the connection was lost, before it is given up. */
  readonly patience: number
}

export interface ConnectionEvents {
  /** A host has let this client in, for the first time or again. Answers why that is not to be. */
  opened(welcome: Welcome, wire: Wire<ToClient, ToHost>): Error | undefined
  messages(messages: readonly ToClient[]): void
  turn(): void
  /** The connection is gone, or one that was tried for. */
  lost(): void
  /** There will be no other. */
  broken(error: Error): void
}

/** In ms: the first wait before another try, the longest one, and how long a host may take to let a client in. */
const BACKOFF = 10
const LONGEST = 1000
const DOOR = 10_000

/** A client's connection to its host: another one takes its place when it is lost. */
export class HostConnection {
  readonly #terms: ConnectionTerms
  readonly #events: ConnectionEvents
  readonly #client = randomBytes(16).toString('hex')
  #wire!: Wire<ToClient, ToHost>
  #socket!: Socket
  #inside = false
  #closed = false
  #keepsAlive = true
  #deadline = DOOR
  #tick: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #tries = 0
  #lostAt = 0
  #why: Error | undefined
  readonly #first = new Deferred<void>()
  readonly #ended = new Deferred<void>()

  constructor(terms: ConnectionTerms, events: ConnectionEvents) {
    this.#terms = terms
    this.#events = events
  }

  /** Resolves when the host has let this client in; rejects where there is none, or it does not. */
  open(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const forget = onAbort(signal, () => this.#break(signal?.reason))
    this.#dial()
    return this.#first.promise.finally(forget)
  }

  /** The connection that messages can go over, if there is one now. */
  get wire(): Wire<ToClient, ToHost> | undefined {
    return this.#inside ? this.#wire : undefined
  }

  /** Whether the process has to stay for it. */
  set keepsAlive(keeps: boolean) {
    if (keeps === this.#keepsAlive) return
    this.#keepsAlive = keeps
    if (keeps) this.#socket.ref()
    else this.#socket.unref()
    if (keeps) this.#retry?.ref()
    else this.#retry?.unref()
  }

  /** Says what there is to say, and hangs up. Resolves when the host has heard it, or does not answer. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      clearTimeout(this.#retry)
      clearInterval(this.#tick)
      if (this.#wire.isClosed) this.#ended.resolve()
      else {
        this.#socket.ref()
        this.#wire.end()
      }
    }
    return this.#ended.promise
  }

  #dial(): void {
    const { address, tls: secure, token } = this.#terms
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
    const socket = secure ? tls().connect({ ...where, ...secure }) : connect({ ...where, noDelay: true })
    if (!this.#keepsAlive) socket.unref()
    this.#socket = socket
    this.#deadline = DOOR
    const wire = new Wire<ToClient, ToHost>(socket, {
      messages: messages => this.#hear(messages),
      turn: () => this.#inside && this.#events.turn(),
      closed: error => this.#lost(error),
    })
    this.#wire = wire
    socket.once(secure ? 'secureConnect' : 'connect', () => wire.write(packHello(this.#client, token)))
    clearInterval(this.#tick)
    this.#tick = setInterval(() => this.#check(), 1000)
    this.#tick.unref()
  }

  #hear(messages: readonly Message[]): void {
    const list = messages as readonly ToClient[]
    for (const message of list) {
      // What heads the frame of the welcome is as it stands behind it.
      if (message.type === 'welcome' && !this.#inside) this.#enter(message)
    }
    if (this.#inside) this.#events.messages(list)
    for (const message of list) if (message.type === 'bye') this.#dismissed(message.error, message.retry)
  }

  #enter(welcome: Welcome): void {
    this.#inside = true
    this.#tries = 0
    this.#lostAt = 0
    this.#deadline = welcome.deadline
    this.#wire.limit = welcome.frameLimit
    const why = this.#events.opened(welcome, this.#wire)
    if (why) this.#break(why)
    else this.#first.resolve()
  }

  #dismissed(came: unknown, retry: boolean): void {
    const error = came instanceof Error ? came : new QueueClosedError('the host has let go of this client')
    if (retry) this.#wire.cut(error)
    else this.#break(error)
  }

  #check(): void {
    const why = this.#wire.overdue(this.#deadline)
    if (why) this.#wire.cut(cutOff(why))
  }

  #lost(error: Error | undefined): void {
    clearInterval(this.#tick)
    const wasInside = this.#inside
    this.#inside = false
    if (this.#closed) {
      this.#ended.resolve()
      return
    }
    if (error) this.#why = error
    this.#events.lost()
    if (this.#lostAt === 0) {
      this.#lostAt = Date.now()
      if (!wasInside) return this.#break(this.#notThere(error))
    }
    if (Date.now() - this.#lostAt >= this.#terms.patience) {
      const sentence = `${formatAddress(this.#terms.address)} did not answer for ${this.#terms.patience} ms`
      return this.#break(new QueueClosedError(`the host at ${sentence}`, { cause: this.#why }))
    }
    const wait = Math.min(LONGEST, BACKOFF * 2 ** this.#tries++)
    this.#retry = setTimeout(() => this.#dial(), wait * (0.5 + Math.random()))
    if (!this.#keepsAlive) this.#retry.unref()
  }

  #notThere(cause: Error | undefined): Error {
    const { code } = (cause ?? {}) as NodeJS.ErrnoException
    const where = formatAddress(this.#terms.address)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return new QueueNotFoundError(`nobody hosts a queue at ${where}; start it with hostQueue`, { cause })
    }
    if (cause instanceof QueueLinkError) return cause
    const why = cause?.message ?? 'the connection was closed'
    return new QueueLinkError(`no connection to the host at ${where}: ${why}`, 'ERR_CONNECTION', { cause })
  }

  #break(error: Error): void {
    this.#closed = true
    clearTimeout(this.#retry)
    clearInterval(this.#tick)
    this.#inside = false
    this.#ended.resolve()
    this.#wire.cut()
    this.#first.reject(error)
    this.#first.promise.catch(() => {})
    this.#events.broken(error)
  }
}
