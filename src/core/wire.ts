import { nextTick } from 'node:process'
import type { Duplex } from 'node:stream'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { decode, encodeBehind } from './codec.js'
import { FRAME_LIMIT, Frames, HEADER } from './frames.js'

/** What a frame is filled up to, unless a single message is larger. */
const FRAME_BYTES = 32 * 1024

/** Messages in a frame, at most: more than anybody says in one turn, few enough to be answered in one. */
const MESSAGES = 16_384

/** In ms. */
const LAST_WORDS = 1000

export interface Message {
  readonly type: string
}

export interface WireEvents<In, Out> {
  /** The first frame, as it came. Without this, it is messages as all others. */
  hello?(frame: Buffer): void
  messages(messages: readonly In[]): void
  /** The turn ends: the moment to say what was collected in it. */
  turn?(): void
  /** What every frame begins with. */
  heading?(): Out | undefined
  /** Once: the connection is gone, by whomever. */
  closed(error: Error | undefined): void
}

/**
 * Messages over a socket, in frames: what is said in one turn travels together. Ends of its own accord, with an error,
 * when something comes that means nothing.
 */
export class Wire<In extends Message, Out extends Message> {
  /** Frames that have come, and that have been sent. */
  received = 0
  sent = 0
  readonly #stream: Duplex
  readonly #events: WireEvents<In, Out>
  readonly #frames = new Frames()
  #outbox: Out[] = []
  #bytes = 0
  #scheduled = false
  /** A frame is due although it holds no more than its heading. */
  #due = false
  #hello: boolean
  #closed = false
  #error: Error | undefined
  #last: NodeJS.Timeout | undefined
  #heardAt = Date.now()
  /** Since when a frame that has begun, or a write that was not taken, waits; 0 if none does. */
  #halfSince = 0
  #chokedSince = 0

  constructor(stream: Duplex, events: WireEvents<In, Out>, limit = FRAME_LIMIT) {
    this.#stream = stream
    this.#events = events
    this.#frames.limit = limit
    this.#hello = events.hello !== undefined
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('drain', () => {
      this.#chokedSince = 0
      this.#heardAt = Date.now()
      if (stream.isPaused()) stream.resume()
      // What waited for it may go on.
      this.wake()
    })
    stream.on('error', error => {
      this.#error ??= error
    })
    stream.on('close', () => this.#ended())
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** The other end does not read as fast as this one writes. */
  get isChoked(): boolean {
    return this.#chokedSince > 0
  }

  /** What frames may be from now on. */
  set limit(bytes: number) {
    this.#frames.limit = bytes
  }

  /** As it is, in a frame of its own. */
  write(bytes: Buffer): void {
    const head = Buffer.alloc(HEADER)
    head.writeUInt32BE(bytes.length)
    this.#stream.write(Buffer.concat([head, bytes]))
  }

  /** `bytes`: about how much the message takes up. */
  send(message: Out, bytes = 64): void {
    if (this.#bytes > 0 && this.#bytes + bytes > FRAME_BYTES) this.#flush()
    this.#outbox.push(message)
    this.#bytes += bytes
    this.wake()
  }

  /** Its heading is news by itself. */
  sendHeading(): void {
    this.#due = true
    this.wake()
  }

  /** There is something to say in this turn. */
  wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    nextTick(() => {
      this.#scheduled = false
      this.endTurn()
    })
  }

  endTurn(): void {
    if (this.#closed || this.#hello) return
    this.#events.turn?.()
    this.#flush()
  }

  #flush(): void {
    if (this.#closed || (this.#outbox.length === 0 && !this.#due)) return
    this.#due = false
    const heading = this.#events.heading?.()
    const messages = heading ? [heading, ...this.#outbox] : this.#outbox
    this.#outbox = []
    this.#bytes = 0
    this.sent++
    const frame = encodeBehind(HEADER, messages)
    frame.writeUInt32BE(frame.length - HEADER)
    if (this.#stream.write(frame) || this.#chokedSince > 0) return
    this.#chokedSince = Date.now()
    // Whoever does not read what it is sent is not heard either: its answers would pile up here.
    if (this.#events.hello) this.#stream.pause()
  }

  /** Why the other end has to be given up, if it has been silent, half a frame behind, or not reading for so many ms. */
  overdue(deadline: number): string | undefined {
    const before = Date.now() - deadline
    if (this.#halfSince > 0 && this.#halfSince < before) return 'it did not finish a frame that it began'
    if (this.#chokedSince > 0 && this.#chokedSince < before) return 'it does not read what it is sent'
    return this.#heardAt < before ? 'it was silent' : undefined
  }

  /**
   * Ends it after what was said, and hears nothing more. Whoever is at the other end has a second to end it too: a socket that
   * is closed under what they write would take with it what they have not read.
   */
  end(): void {
    if (this.#closed) return
    this.endTurn()
    this.#closed = true
    this.#stream.end()
    this.#last = setTimeout(() => this.#stream.destroy(), LAST_WORDS)
    this.#last.unref()
  }

  /** Ends it here and now. */
  cut(error?: Error): void {
    this.#error ??= error
    this.#closed = true
    this.#stream.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return
    this.#heardAt = Date.now()
    const frames = this.#frames
    frames.push(chunk)
    try {
      for (let frame = frames.next(); frame; frame = frames.next()) {
        this.#halfSince = 0
        this.received++
        this.#hear(frame)
        if (this.#closed) return
      }
    } catch (error) {
      this.cut(error as Error)
      return
    }
    if (!frames.isOpen) this.#halfSince = 0
    else if (this.#halfSince === 0) this.#halfSince = this.#heardAt
  }

  #hear(frame: Buffer): void {
    if (this.#hello) {
      this.#hello = false
      this.#events.hello?.(frame)
      return
    }
    const messages = decode(frame)
    if (!Array.isArray(messages) || messages.length > MESSAGES || !messages.every(isMessage))
      throw protocolError('a frame came that holds no messages, or too many')
    this.#events.messages(messages)
  }

  #ended(): void {
    this.#closed = true
    clearTimeout(this.#last)
    this.#events.closed(this.#error)
  }
}

function isMessage(value: unknown): boolean {
  return typeof (value as Message | null | undefined)?.type === 'string'
}

export function protocolError(message: string): QueueLinkError {
  return new QueueLinkError(message, 'ERR_PROTOCOL')
}

/** Why a connection was given up; says so in one sentence. */
export function cutOff(why: string): QueueLinkError {
  return new QueueLinkError(`the other end of the connection was given up: ${why}`, 'ERR_CONNECTION')
}
