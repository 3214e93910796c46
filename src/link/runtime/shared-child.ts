import type { Duplex } from 'node:stream'
import { Deferred } from '../../util/deferred.js'
import type { FromChild, ToChild } from '../protocol.js'
import { within } from '../within.js'
import { hasLeft } from './has-left.js'
import type { Host, HostEvents, StartHost } from './host.js'
import { Strands } from './strands.js'
import { whenRead } from './when-read.js'

/** How long a child that one link leaves may take to answer, in ms; one that hangs is replaced for the others. */
const ANSWER = 1000

/** A child of several links: each has a host that looks like its own. The last one out ends the child. */
export class SharedChild {
  readonly #host: Host
  readonly #strands: Strands
  readonly #gone = new Deferred<void>()
  readonly #members = new Map<number, Member>()
  readonly #over: () => void
  #isLoaded = false
  #present = 0
  #numbers = 0

  /** `over` is called as soon as no other link can join. */
  constructor(startHost: StartHost, over: () => void) {
    this.#over = over
    this.#host = startHost({
      exited: why => void this.#exited(why),
      pong: () => {},
      member: (number, message) => {
        this.#isLoaded = true
        this.#members.get(number)?.hear(message)
      },
    })
    this.#strands = new Strands(this.#host.data)
  }

  admit(events: HostEvents): Host {
    const number = ++this.#numbers
    const member: Member = new Member(this.#host, number, this.#strands.open(number), events, () => this.#end(member))
    this.#members.set(number, member)
    this.#present++
    return member
  }

  async #end(member: Member): Promise<void> {
    if (--this.#present === 0) {
      this.#over()
      await this.#host.end()
    } else {
      const left = this.#leave(member)
      if (this.#isLoaded) await within(2 * ANSWER, left)
    }
    member.data.destroy()
  }

  async #leave(member: Member): Promise<void> {
    const { promise: gone } = this.#gone
    const heard = member.heard()
    member.tell({ queuelink: 'leave' })
    const left = Promise.race([member.left, gone])
    const leaving = { isLoaded: this.#isLoaded, answer: ANSWER, heard: Promise.race([heard, gone]), left }
    if (!(await hasLeft(leaving))) {
      this.#host.kill()
      await gone
    }
    this.#members.delete(member.number)
  }

  /** All hear of it in one turn: what they share is not to be used again before. */
  async #exited(why: string): Promise<void> {
    this.#over()
    const members = [...this.#members.values()]
    await Promise.all(members.map(({ data }) => new Promise<void>(resolve => whenRead(data, resolve))))
    this.#gone.resolve()
    for (const member of members) member.exited(why)
  }
}

class Member implements Host {
  readonly number: number
  readonly data: Duplex
  readonly #host: Host
  readonly #events: HostEvents
  readonly #onEnd: () => Promise<void>
  readonly #left = new Deferred<void>()
  #heard = new Deferred<void>()
  #expected = false

  constructor(host: Host, number: number, data: Duplex, events: HostEvents, onEnd: () => Promise<void>) {
    this.#host = host
    this.number = number
    this.data = data
    this.#events = events
    this.#onEnd = onEnd
  }

  get where(): Host['where'] {
    return this.#host.where
  }

  /** Resolves when it has closed what it had opened. */
  get left(): Promise<void> {
    return this.#left.promise
  }

  /** Resolves with the next that it says. */
  heard(): Promise<void> {
    this.#heard = new Deferred()
    return this.#heard.promise
  }

  tell(message: ToChild): void {
    this.#host.tell({ queuelink: 'member', member: this.number, message })
  }

  hear(message: FromChild): void {
    this.#heard.resolve()
    if (message.queuelink === 'pong') this.#events.pong()
    if (message.queuelink === 'left') this.#left.resolve()
  }

  exited(why: string): void {
    if (!this.#expected) this.#events.exited(why)
    this.#expected = true
  }

  async end(): Promise<void> {
    this.#expected = true
    await this.#onEnd()
  }

  kill(): void {
    this.#host.kill()
  }
}
