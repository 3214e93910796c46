import { createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import type { Mailbox } from '../../core/mailbox.js'
import type { Queue } from '../../core/queue.js'
import { QueueExistsError } from '../../errors/queue-exists-error.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { listenAt } from '../../os/unix-socket.js'
import { isSameToken } from '../../util/same-token.js'
import type { Address } from './address.js'
import { Guest, type GuestHost } from './guest.js'
import { VERSION } from './hello.js'
import type { Welcome } from './protocol.js'
import { PutSession } from './put-session.js'
import { tls } from './tls.js'

export interface HostLimits {
  readonly connections: number
  readonly frameLimit: number
  readonly deadline: number
}

/** In ms. */
const LOOK_EVERY = 1000
/** How long, in ms, a host remembers the puts of a client that is away, and of how many. */
const MEMORY = 600_000
const SESSIONS = 10_000

/** Serves one queue to whoever comes to a socket and knows the token. */
export class Host<T> implements GuestHost<T> {
  readonly queue: Queue<T>
  readonly mailbox: Mailbox<T>
  readonly #token: string
  readonly #joinable: boolean
  readonly #limits: HostLimits
  readonly #server: Server
  readonly #onEnded: () => void
  readonly #guests = new Set<Guest<T>>()
  readonly #sessions = new Map<string, PutSession<T>>()
  #address: Address
  #tick: NodeJS.Timeout | undefined
  #remove = async (): Promise<void> => {}
  #pingAt = 0
  #closing: Promise<void> | undefined

  constructor(o: {
    queue: Queue<T>
    mailbox: Mailbox<T>
    joinable: boolean
    token: string
    address: Address
    limits: HostLimits
    tls: TlsOptions | undefined
    onEnded: () => void
  }) {
    this.queue = o.queue
    this.mailbox = o.mailbox
    this.#token = o.token
    this.#joinable = o.joinable
    this.#limits = o.limits
    this.#address = o.address
    this.#onEnded = o.onEnded
    this.#server = o.tls
      ? tls().createServer({ handshakeTimeout: o.limits.deadline, ...o.tls }, stream => this.#accept(stream))
      : createServer({ noDelay: true }, stream => this.#accept(stream))
  }

  get frameLimit(): number {
    return this.#limits.frameLimit
  }

  /** With the port that the system gave, if it was asked for one. */
  get address(): Address {
    return this.#address
  }

  /** Clients that were let in. */
  get connections(): number {
    let count = 0
    for (const guest of this.#guests) if (guest.client !== undefined) count++
    return count
  }

  async listen(): Promise<void> {
    const address = this.#address
    if (address.kind === 'unix') this.#remove = await listenAt(this.#server, address.path)
    else this.#address = { ...address, port: await listenOn(this.#server, address) }
    // A connection that cannot be accepted, for want of descriptors say, is not the end of the others.
    this.#server.on('error', () => {})
    this.#tick = setInterval(() => this.#check(), Math.min(LOOK_EVERY, this.#pingEvery()))
    this.#tick.unref()
  }

  close(error: Error): Promise<void> {
    this.#closing ??= this.#close(error)
    return this.#closing
  }

  // ── for its guests ──────────────────────────────────────────────────────────────────────────────────────────────

  admit(token: Buffer, version: number): void {
    if (!isSameToken(token, this.#token)) {
      throw new QueueLinkError('the token is not that of the host; take both from its descriptor()', 'ERR_TOKEN')
    }
    if (version !== VERSION) {
      const both = `this host speaks version ${VERSION}, the client ${version}`
      throw new QueueLinkError(`${both}; use one version of queuelink at both ends`, 'ERR_VERSION')
    }
    if (this.connections >= this.#limits.connections) {
      throw new QueueLinkError(
        `the host has ${this.#limits.connections} connections, and takes no more`,
        'ERR_HOST_FULL',
      )
    }
  }

  session(client: string): PutSession<T> {
    // A client that comes back before its old connection was seen to end.
    for (const guest of this.#guests) if (guest.client === client) guest.cut()
    let session = this.#sessions.get(client)
    if (!session) {
      session = new PutSession(client, this.mailbox)
      this.#sessions.set(client, session)
    }
    return session
  }

  welcome({ stored }: PutSession<T>): Welcome {
    const { name, maxAttempts, deadLetter, store } = this.mailbox
    return {
      type: 'welcome',
      name,
      kind: store.kind,
      capacity: store.capacity,
      byteCapacity: store.byteCapacity,
      joinable: this.#joinable,
      maxAttempts,
      deadLetter: deadLetter !== undefined,
      priorities: store.priorities ?? false,
      keys: store.keys ?? false,
      stored,
      frameLimit: this.#limits.frameLimit,
      deadline: this.#limits.deadline,
    }
  }

  announce(): void {
    for (const guest of this.#guests) guest.announce()
  }

  ended(): void {
    this.#onEnded()
  }

  left(guest: Guest<T>): void {
    this.#guests.delete(guest)
  }

  #pingEvery(): number {
    return Math.max(10, this.#limits.deadline / 4)
  }

  #accept(stream: Duplex): void {
    if (this.#closing) {
      stream.destroy()
      return
    }
    this.#guests.add(new Guest(stream, this))
    this.#limitStrangers()
  }

  /** Who has not said who it is takes no room from those who have: the one who has been silent longest goes. */
  #limitStrangers(): void {
    const strangers = [...this.#guests].filter(({ client }) => client === undefined)
    if (strangers.length > this.#limits.connections) strangers[0]?.cut()
  }

  #check(): void {
    const { deadline } = this.#limits
    const pings = Date.now() >= this.#pingAt
    if (pings) this.#pingAt = Date.now() + this.#pingEvery()
    for (const guest of [...this.#guests]) {
      guest.check(deadline)
      if (pings) guest.ping()
    }
    // What came about without a word to this host: others shut the queue down, or this handle of it ended.
    this.announce()
    if (this.mailbox.ended) this.#onEnded()
    const before = Date.now() - MEMORY
    for (const [client, session] of this.#sessions) {
      if (session.isIdle && (session.leftAt < before || this.#sessions.size > SESSIONS)) this.#sessions.delete(client)
    }
  }

  async #close(error: Error): Promise<void> {
    clearInterval(this.#tick)
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    await this.#remove()
    for (const guest of [...this.#guests]) {
      if (guest.client === undefined) guest.cut()
      else guest.dismiss(error, false)
    }
    await closed
  }
}

function listenOn(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => {
      const { code } = cause as NodeJS.ErrnoException
      const where = `${host}, port ${port}`
      const sentence = `no queue can be hosted at ${where}: ${cause.message}`
      reject(
        code === 'EADDRINUSE'
          ? new QueueExistsError(`something listens at ${where} already; choose another port, or 0`, { cause })
          : new QueueLinkError(sentence, 'ERR_ADDRESS', { cause }),
      )
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve((server.address() as { port: number }).port)
    })
  })
}
