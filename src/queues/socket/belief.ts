import { Ring } from '../../util/ring.js'
import type { Standing } from './protocol.js'

interface Change {
  ready: number
  delayed: number
  leased: number
}

interface Sent extends Change {
  readonly frame: number
}

const NOTHING: Standing = { type: 'standing', seen: 0, ready: 0, delayed: 0, leased: 0, shut: false, full: false }

/**
 * How full a hosted queue is, as far as a client knows: what the host said last, and what the client has done since and the
 * host had not seen when it said so. So the client's own doing counts at once, and nothing counts twice.
 */
export class Belief {
  #told = NOTHING
  /** The client's own doing, by the frame that tells the host of it. */
  readonly #sent = new Ring<Sent>()
  #unsent: Change = { ready: 0, delayed: 0, leased: 0 }
  #ready = 0
  #delayed = 0
  #leased = 0
  /** The client said so, in this frame at the earliest. */
  #shut: { readonly shut: boolean; readonly frame: number } | undefined

  /** Those included that are on their way to the host. */
  get ready(): number {
    return this.#told.ready + this.#ready
  }

  get delayed(): number {
    return this.#told.delayed + this.#delayed
  }

  get leased(): number {
    return this.#told.leased + this.#leased
  }

  get shut(): boolean {
    return this.#shut ? this.#shut.shut : this.#told.shut
  }

  /** The host said so, and the client has settled nothing since. */
  get full(): boolean {
    return this.#told.full && this.#leased >= 0
  }

  change(ready: number, delayed: number, leased: number): void {
    this.#add({ ready, delayed, leased }, 1)
    this.#unsent.ready += ready
    this.#unsent.delayed += delayed
    this.#unsent.leased += leased
  }

  /** The client shuts the queue down, or reopens it, in the next frame. */
  shutting(shut: boolean, frame: number): void {
    this.#shut = { shut, frame }
  }

  /** What was done so far is told in this frame. */
  told(frame: number): void {
    const { ready, delayed, leased } = this.#unsent
    if (ready === 0 && delayed === 0 && leased === 0) return
    this.#sent.push({ frame, ready, delayed, leased })
    this.#unsent = { ready: 0, delayed: 0, leased: 0 }
  }

  hear(standing: Standing): void {
    this.#told = standing
    if (this.#shut && this.#shut.frame <= standing.seen) this.#shut = undefined
    for (let first = this.#sent.peek(); first && first.frame <= standing.seen; first = this.#sent.peek()) {
      this.#sent.shift()
      this.#add(first, -1)
    }
  }

  /** The connection is gone: what was told in its frames is known from what the next one says. */
  forget(): void {
    this.#sent.clear()
    this.#unsent = { ready: 0, delayed: 0, leased: 0 }
    this.#ready = 0
    this.#delayed = 0
    this.#leased = 0
    if (this.#shut) this.#shut = { shut: this.#shut.shut, frame: 1 }
  }

  #add(change: Change, sign: number): void {
    this.#ready += sign * change.ready
    this.#delayed += sign * change.delayed
    this.#leased += sign * change.leased
  }
}
