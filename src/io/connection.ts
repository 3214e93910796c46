import type { Duplex } from 'node:stream'
import { Observable, type Observer } from 'rxjs'
import type { ConsumeOptions, Handler } from '../core/consume.js'
import type { Delivery } from '../core/delivery.js'
import { FRAME_ROOM } from '../core/frames.js'
import { Inlet, type SinkOptions } from '../core/inlet.js'
import { Mailbox } from '../core/mailbox.js'
import { unpackParcel } from '../core/parcel-codec.js'
import { portableError } from '../core/portable-error.js'
import { Queue, type WindowOptions } from '../core/queue.js'
import { QueueErrors } from '../core/queue-errors.js'
import { slot } from '../core/receipt.js'
import { Sink } from '../core/sink.js'
import type { Wants } from '../core/store.js'
import { checkWait, Wait, type WaitOptions } from '../core/waiters.js'
import { protocolError, Wire } from '../core/wire.js'
import { QueueClosedError } from '../errors/queue-closed-error.js'
import { QueueFullError } from '../errors/queue-full-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { Deferred } from '../util/deferred.js'
import { type ConnectionDescriptor, type ConnectionEnd, offerAtSocket, streamOf } from './connection-stream.js'
import { type Port, PortStream } from './port-stream.js'
import { ReceivedStore } from './received-store.js'
import { Sending } from './sending.js'

/** What the two ends say to each other. Items are numbered by their order. */
type Message =
  | { readonly type: 'item'; readonly parcel: Uint8Array }
  | { readonly type: 'settled'; readonly numbers: readonly number[] }
  | { readonly type: 'end'; readonly error?: unknown }
  | { readonly type: 'bye' }

/** Bytes of a frame, and so about of an item, at most. */
const FRAME_LIMIT = 256 * 1024 * 1024

/**
 * One end of a pipe for items, both ways: an Observable of what the other end sends, and an Observer that sends. Reading goes
 * no further ahead than what is settled, as with a queue; what is sent is stored when a reader at the other end has settled it.
 *
 * @example
 * ```ts
 * import { connection } from 'queuelink'
 * import { map } from 'rxjs'
 *
 * const [here, there] = connection<number>()
 * there.pipe(map(n => n * 2)).subscribe(there)
 * await here.put(21)
 * console.log(await here.get()) // 42
 * await here.close()
 * ```
 */
export class Connection<In, Out = In>
  extends Observable<In>
  implements Observer<Out>, AsyncIterable<In>, AsyncDisposable
{
  /** Resolves when both ends have ended; rejects with ERR_PEER_LOST when the other was killed, or just gone. */
  readonly done: Promise<void>
  readonly #done = new Deferred<void>()
  readonly #incoming: Queue<In>
  readonly #mailbox: Mailbox<In>
  readonly #sending: Sending<Out>
  readonly #inlet: Inlet<Out>
  readonly #errors = new QueueErrors()
  #end: ConnectionEnd | undefined
  #stream: (Duplex & { ref?(): void; unref?(): void }) | undefined
  #wire: Wire<Message, Message> | undefined
  #wants: Wants = { items: false, room: false, rest: false }
  #settled: number[] = []
  #saidEnd = false
  #heardEnd = false
  #over = false
  readonly #hungUp = new Deferred<void>()

  /** @internal From `connection` and `openConnection`. */
  constructor(end: ConnectionEnd) {
    super(subscriber => {
      this.#attach()
      return this.#incoming.subscribe(subscriber)
    })
    this.done = this.#done.promise
    this.done.catch(() => {})
    this.#end = end
    const store = new ReceivedStore<In>(
      number => this.#settledOne(number),
      wants => {
        this.#wants = wants
        this.#stay()
      },
    )
    this.#mailbox = new Mailbox<In>(store, { name: 'connection', maxAttempts: 16 })
    this.#incoming = new Queue(this.#mailbox, false)
    this.#sending = new Sending<Out>(FRAME_LIMIT - FRAME_ROOM, parcel => {
      this.#attach().send({ type: 'item', parcel }, parcel.length)
      this.#stay()
    })
    this.#inlet = new Inlet(this.#sending, {}, error => this.#errors.report(error))
  }

  /** @internal Listens from now on, read or not: so that it is known when the other end goes. */
  open(): void {
    this.#attach()
  }

  // ── out of this process ─────────────────────────────────────────────────────────────────────────────────────────

  /** This end, to be transferred to a worker thread, which gives it to `openConnection`. It is of no use here afterwards. */
  get port(): Port {
    const end = this.#handOver()
    if (end instanceof MessagePort) return end
    throw new QueueLinkError('only an end that connection() made can be handed over', 'ERR_NOT_PORTABLE')
  }

  /** This end for one other process, which gives it to `openConnection`. It is of no use here afterwards. */
  descriptor(): Promise<ConnectionDescriptor> {
    const { port } = this
    return offerAtSocket(new PortStream(port))
  }

  #handOver(): ConnectionEnd | undefined {
    const end = this.#end
    if (this.#wire || end === undefined) {
      throw new QueueLinkError('this end of the connection is in use, or was handed over, already', 'ERR_NOT_PORTABLE')
    }
    this.#end = undefined
    return end
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits for an item and consumes it; rejects with QueueEmptyError after `timeout` ms, with QueueClosedError at the end. */
  get(o?: WaitOptions): Promise<In> {
    this.#attach()
    return this.#incoming.get(o)
  }

  /** `get` that must be settled. */
  receive(o?: WaitOptions): Promise<Delivery<In>> {
    this.#attach()
    return this.#incoming.receive(o)
  }

  /** Hands items to the handler, as that of a queue does. */
  consume(handler: Handler<In>, o?: ConsumeOptions): Promise<void> {
    this.#attach()
    return this.#incoming.consume(handler, o)
  }

  deliveries(o?: WindowOptions): Observable<Delivery<In>> {
    this.#attach()
    return this.#incoming.deliveries(o)
  }

  observe(o?: WindowOptions): Observable<In> {
    this.#attach()
    return this.#incoming.observe(o)
  }

  [Symbol.asyncIterator](): AsyncIterator<In> {
    this.#attach()
    return this.#incoming[Symbol.asyncIterator]()
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when the item is on its way, and the other end has room for it; rejects with QueueFullError after `timeout` ms. */
  put(item: Out, o?: WaitOptions): Promise<void> {
    try {
      checkWait(o)
      this.#sending.assertOpen()
      const entries = [this.#sending.entry(item)]
      const { line } = this.#sending
      if (line.tryNow(entries)) return Promise.resolve()
      const full = (): QueueFullError =>
        new QueueFullError('the other end of the connection has enough unsettled items')
      if (o?.timeout === 0) throw full()
      const wait = new Wait<void>(o, full, () => line.leave(waiting))
      const resolve = (): void => wait.resolve()
      const waiting = line.wait(entries, { accepted: resolve, stored: resolve, failed: error => wait.reject(error) })
      return wait.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  next(value: Out): void {
    this.#inlet.push(value)
  }

  /** Ends the other end's Observable with the error, behind what was sent. */
  error(error: unknown): void {
    slot.current?.spoil(error)
    this.#inlet.whenStored(() => this.#sayEnd(error))
  }

  /** Completes the other end's Observable when everything that was sent is settled there. */
  complete(): void {
    this.#inlet.whenStored(() => this.#sayEnd())
  }

  /** An Observer for one source, with a promise of how it ended. */
  sink(o: SinkOptions = {}): Sink<Out> {
    return new Sink(this.#sending, o, { complete: () => this.#sayEnd(), error: error => this.#sayEnd(error) })
  }

  /** Failures that no promise tells. */
  get errors$(): Observable<unknown> {
    return this.#errors.errors$
  }

  /** Ends both directions: the other end gets what was sent, and completes. What is not settled there counts as not stored. */
  async close(): Promise<void> {
    if (this.#over) return
    const wire = this.#end === undefined && !this.#wire ? undefined : this.#attach()
    this.#over = true
    this.#stream?.ref?.()
    wire?.send({ type: 'bye' })
    wire?.end()
    this.#sending.end(new QueueClosedError('this end of the connection is closed'))
    this.#done.resolve()
    await this.#incoming.close()
    if (wire) await this.#hungUp.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── the wire ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Opens it with the first use: until then, this end can be handed over. */
  #attach(): Wire<Message, Message> {
    if (this.#wire) return this.#wire
    this.#stream = streamOf(this.#handOver() as ConnectionEnd)
    this.#wire = new Wire<Message, Message>(
      this.#stream,
      {
        messages: messages => {
          for (const message of messages) this.#hear(message)
        },
        turn: () => this.#tellSettled(),
        closed: error => {
          this.#hungUp.resolve()
          this.#lost(error)
        },
      },
      FRAME_LIMIT,
    )
    this.#stay()
    return this.#wire
  }

  #hear(message: Message): void {
    if (this.#over) return
    switch (message.type) {
      case 'item':
        this.#mailbox.line.tryNow(unpackParcel<In>(message.parcel))
        return this.#mailbox.took()
      case 'settled':
        this.#sending.settled(message.numbers)
        return this.#stay()
      case 'end':
        this.#heardEnd = true
        void this.#mailbox.shutdown(false, message.error)
        return this.#endIfBoth()
      case 'bye':
        return this.#finish(undefined)
      default:
        throw protocolError('the other end of the connection said something unknown')
    }
  }

  #settledOne(number: number): void {
    this.#settled.push(number)
    this.#wire?.wake()
  }

  #tellSettled(): void {
    if (this.#settled.length === 0) return
    const numbers = this.#settled
    this.#settled = []
    this.#wire?.send({ type: 'settled', numbers }, 4 * numbers.length)
  }

  #sayEnd(error?: unknown): void {
    if (this.#saidEnd || this.#over) return
    this.#saidEnd = true
    this.#attach().send({ type: 'end', ...(error === undefined ? {} : { error: portableError(error) }) })
    this.#sending.end(new QueueLinkError('this end of the connection has ended', 'ERR_SINK_ENDED'))
    this.#endIfBoth()
  }

  /** Nothing more goes or comes, but what has come may still have to be settled. */
  #endIfBoth(): void {
    if (this.#saidEnd && this.#heardEnd) this.#done.resolve()
    this.#stay()
  }

  #lost(cause: Error | undefined): void {
    const gone = 'the other end of the connection has gone without a word; its process or thread was ended'
    this.#finish(new QueueLinkError(gone, 'ERR_PEER_LOST', { cause }))
  }

  /** The other end has gone. What it sent can still be read. */
  #finish(lost: Error | undefined): void {
    if (this.#over || (this.#saidEnd && this.#heardEnd)) return
    this.#over = true
    if (!this.#heardEnd) void this.#mailbox.shutdown(false, lost)
    this.#sending.end(lost ?? new QueueClosedError('the other end of the connection is closed'))
    if (lost) this.#done.reject(lost)
    else this.#done.resolve()
    this.#wire?.end()
    this.#stay()
  }

  /** The process stays for whoever waits for the other end. */
  #stay(): void {
    const { items, room, rest } = this.#wants
    const stays = !this.#over && ((!this.#heardEnd && (items || room || rest)) || this.#sending.length > 0)
    if (stays) this.#stream?.ref?.()
    else this.#stream?.unref?.()
  }
}

/**
 * A pipe for items between two ends, each an Observable and an Observer: Python's `multiprocessing.Pipe`. Both can be used here, or
 * one handed to a worker thread (`port`) or to another process (`descriptor()`), which opens it with `openConnection`.
 *
 * @example
 * ```ts
 * import { connection } from 'queuelink'
 *
 * const [left, right] = connection<string, number>()
 * await right.put('how many?')
 * console.log(await left.get()) // how many?
 * await left.put(3)
 * console.log(await right.get()) // 3
 * await left.close()
 * await right.done // closing one end completes the other
 * ```
 */
export function connection<A, B = A>(): [Connection<A, B>, Connection<B, A>] {
  const { port1, port2 } = new MessageChannel()
  return [new Connection<A, B>(port1), new Connection<B, A>(port2)]
}

/**
 * The end of a connection that this process or thread was given: a transferred port, a descriptor, or a stream or file
 * descriptor of `stdio` (`fork(module, { stdio: [0, 1, 2, 'ipc', 'pipe'] })`: `child.stdio[4]` here, and 4 there).
 *
 * @example
 * ```ts
 * import { connection, openConnection } from 'queuelink'
 *
 * const [here, there] = connection<string>()
 * const descriptor = await there.descriptor()
 *
 * // In another process, which was told the descriptor:
 * const mine = openConnection<string>(descriptor)
 * await mine.put('hello')
 *
 * console.log(await here.get()) // hello
 * await here.close()
 * ```
 */
export function openConnection<In, Out = In>(end: ConnectionEnd): Connection<In, Out> {
  const opened = new Connection<In, Out>(end)
  opened.open()
  return opened
}
