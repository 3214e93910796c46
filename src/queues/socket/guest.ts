import type { Duplex } from 'node:stream'
import { Entry } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import { packParcel, unpackParcel } from '../../core/parcel-codec.js'
import { portableError } from '../../core/portable-error.js'
import type { Queue } from '../../core/queue.js'
import { cutOff, type Message, protocolError, Wire } from '../../core/wire.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { Feeder } from './feeder.js'
import { HELLO_LIMIT, readHello } from './hello.js'
import { QUESTIONS } from './limits.js'
import { checkToHost, type Question, type Standing, type ToClient, type ToHost, type Welcome } from './protocol.js'
import type { PutSession } from './put-session.js'

/** What a connection needs of the host that it came to. */
export interface GuestHost<T> {
  readonly queue: Queue<T>
  readonly mailbox: Mailbox<T>
  readonly frameLimit: number
  /** Throws what the client is told when it is not let in. */
  admit(token: Buffer, version: number): void
  session(client: string): PutSession<T>
  welcome(session: PutSession<T>): Welcome
  /** The queue was shut down, or reopened: whoever does not wait for anything hears of it as well. */
  announce(): void
  /** The queue itself was let go of. */
  ended(): void
  left(guest: Guest<T>): void
}

const LEFT_ITEMS = 256

/** One client, seen from the host. */
export class Guest<T> {
  readonly #host: GuestHost<T>
  readonly #wire: Wire<ToHost, ToClient>
  readonly #feeder: Feeder<T>
  #session: PutSession<T> | undefined
  #client: string | undefined
  #wants = { room: false, rest: false }
  #unwatch = (): void => {}
  #told: Standing | undefined
  #storedTold = 0
  #questions = 0

  constructor(stream: Duplex, host: GuestHost<T>) {
    this.#host = host
    this.#wire = new Wire<ToHost, ToClient>(
      stream,
      {
        hello: frame => this.#greet(frame),
        messages: messages => this.#hear(messages),
        turn: () => this.#turn(),
        heading: () => this.#heading(),
        closed: () => this.#leave(),
      },
      HELLO_LIMIT,
    )
    this.#feeder = new Feeder(host.mailbox, this.#wire, host.frameLimit, () => host.ended())
  }

  /** Undefined until it was let in. */
  get client(): string | undefined {
    return this.#client
  }

  /** Tells how full the queue is, if that is not what was told last. */
  announce(): void {
    if (this.#session && this.#isNews()) this.#tell()
  }

  ping(): void {
    if (this.#session) this.#wire.send({ type: 'ping' })
  }

  /** Cuts it off if it has been silent, half a frame behind or not reading for so many ms. */
  check(deadline: number): void {
    const why = this.#wire.overdue(deadline)
    if (why) this.#wire.cut(cutOff(why))
  }

  /** The host lets go of it. */
  dismiss(error: unknown, retry: boolean): void {
    this.#wire.send({ type: 'bye', error: portableError(error), retry })
    this.#wire.end()
    this.#leave()
  }

  /** At once: what it holds of its client may be another's from here on. */
  cut(): void {
    this.#wire.cut()
    this.#leave()
  }

  // ── the door ────────────────────────────────────────────────────────────────────────────────────────────────────

  #greet(frame: Buffer): void {
    const host = this.#host
    const hello = readHello(frame)
    if (!hello) throw protocolError('what came is no hello')
    try {
      host.admit(hello.token, hello.version)
    } catch (error) {
      this.dismiss(error, (error as QueueLinkError).code === 'ERR_HOST_FULL')
      return
    }
    const session = host.session(hello.client)
    this.#client = hello.client
    this.#session = session
    this.#wire.limit = host.frameLimit
    session.reports = {
      stored: () => this.#wire.wake(),
      failed: (number, error) => this.#wire.send({ type: 'failed', number, error: portableError(error) }),
    }
    const welcome = host.welcome(session)
    this.#storedTold = welcome.stored
    this.#wire.send(welcome)
  }

  #leave(): void {
    this.#unwatch()
    this.#feeder.leave()
    this.#session?.leave()
    this.#session = undefined
    this.#host.left(this)
  }

  // ── what comes ──────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(messages: readonly Message[]): void {
    for (const message of messages) this.#obey(checkToHost(message))
    // What the client reckons with on its own ends with this frame: it hears what came of it.
    if (this.#wants.room || this.#wants.rest) this.announce()
  }

  #obey(message: ToHost): void {
    switch (message.type) {
      case 'put':
        return this.#session?.put(message)
      case 'withdraw':
        return this.#session?.withdraw(message.number)
      case 'want':
        this.#want(message.room, message.rest)
        return this.#feeder.want(message.items, message.seen)
      case 'settle':
        this.#feeder.settle(message)
        return this.#feeder.goOn()
      case 'ask':
        return this.#ask(message.number, message.what, message.parcel)
      case 'pong':
    }
  }

  #ask(number: number, what: Question, parcel: Uint8Array | undefined): void {
    if (++this.#questions > QUESTIONS) throw protocolError('more was asked at once than a client may')
    // What was leased by now goes before the answer.
    this.#feeder.flush()
    const answer = (rest: { value?: unknown; error?: unknown }): void => {
      this.#questions--
      this.#wire.send({ type: 'answer', number, ...rest })
    }
    if (what === 'refresh') return answer({})
    this.#answerTo(number, what, parcel).then(
      value => answer({ value }),
      error => answer({ error: portableError(error) }),
    )
  }

  async #answerTo(
    number: number,
    what: Exclude<Question, 'refresh'>,
    parcel: Uint8Array | undefined,
  ): Promise<unknown> {
    const { queue, mailbox } = this.#host
    switch (what) {
      case 'stat':
        return queue.stat()
      case 'shutdown':
        await this.#announced(queue.shutdown())
        return
      case 'reopen':
        await this.#announced(queue.reopen())
        return
      case 'clear':
        this.#sendLeft(number, await this.#announced(mailbox.shutdown(true)))
        return
      case 'bury':
        await this.#bury(parcel)
    }
  }

  /** Others hear of it at once, whatever it still takes. */
  #announced<R>(call: Promise<R>): Promise<R> {
    this.#host.announce()
    return call
  }

  #sendLeft(number: number, items: readonly T[]): void {
    for (let from = 0; from < items.length; from += LEFT_ITEMS) {
      const entries = items.slice(from, from + LEFT_ITEMS).map(item => new Entry(item, 0))
      const { bytes } = packParcel(entries)
      this.#wire.send({ type: 'part', number, parcel: bytes }, bytes.length)
    }
  }

  async #bury(parcel: Uint8Array | undefined): Promise<void> {
    const { deadLetter, name } = this.#host.mailbox
    const [entry] = parcel ? unpackParcel<T>(parcel) : []
    if (!deadLetter || !entry) throw new QueueLinkError(`${name} has no dead-letter queue`, 'ERR_PROTOCOL')
    await deadLetter.put(entry.value, { headers: { ...entry.headers } })
  }

  // ── what goes ───────────────────────────────────────────────────────────────────────────────────────────────────

  #turn(): void {
    if (!this.#session) return
    this.#feeder.goOn()
    this.#feeder.flush()
    const { stored } = this.#session
    if (stored > this.#storedTold) {
      this.#storedTold = stored
      this.#wire.send({ type: 'stored', number: stored })
    }
  }

  #heading(): Standing | undefined {
    if (!this.#session) return undefined
    this.#told = this.#standing()
    return this.#told
  }

  #tell(): void {
    this.#told = this.#standing()
    this.#wire.sendHeading()
  }

  #want(room: boolean, rest: boolean): void {
    this.#wants = { room, rest }
    this.#unwatch()
    this.#unwatch = (): void => {}
    if (!room && !rest) return
    this.#watch()
    // Whoever begins to wait knows at once how things stand.
    this.#tell()
  }

  #watch(): void {
    const { mailbox } = this.#host
    this.#unwatch = mailbox.when(
      () => this.#isNews(),
      () => {
        this.#tell()
        this.#watch()
      },
    )
  }

  /** Something that this client waits for may have come about since it was last told how things stand. */
  #isNews(): boolean {
    const told = this.#told
    const now = this.#standing()
    if (!told || now.shut !== told.shut) return true
    if (this.#wants.room && !now.full && (told.full || room(now) > room(told))) return true
    if (!this.#wants.rest) return false
    return (
      now.ready !== told.ready || now.delayed !== told.delayed || now.leased !== told.leased || now.full !== told.full
    )
  }

  #standing(): Standing {
    const { store, rests, size, delayed } = this.#host.mailbox
    return {
      type: 'standing',
      // The hello is none of those that the client counts.
      seen: this.#wire.received - 1,
      ready: size,
      delayed,
      leased: store.leased - rests.length,
      shut: store.shut,
      full: store.full ?? size + delayed + store.leased - rests.length >= store.capacity,
    }
  }
}

/** What is held, as less than nothing: more room is more. */
function room({ ready, delayed, leased }: Standing): number {
  return -(ready + delayed + leased)
}
