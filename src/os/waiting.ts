import { CONDITIONS, placeOf } from './conditions.js'
import { Doorbell } from './doorbell.js'
import type { Participants } from './participants.js'
import { removeFile } from './remove-file.js'
import { Ringers } from './ringers.js'
import { WaitingBits } from './waiting-bits.js'

/** A waiter that was taken off its bit, and is to be rung. */
export interface Woken {
  readonly slot: number
  readonly condition: number
}

/** One participant's part in waiting: what it waits for, and whom it wakes. */
export class Waiting {
  readonly #slot: number
  readonly #bellOf: (slot: number) => string
  readonly #heard: (conditions: number) => void
  readonly #bits: WaitingBits
  readonly #ringers: Ringers
  #bell: Doorbell | undefined
  #woken: Woken[] = []
  #wants = 0
  /** Conditions whose bit is set, as far as this side knows. */
  #armed = 0

  /** `heard` is told the conditions that this participant was woken for. */
  constructor(
    words: Int32Array,
    participants: Participants,
    slot: number,
    bellOf: (slot: number) => string,
    heard: (conditions: number) => void,
  ) {
    this.#slot = slot
    this.#bellOf = bellOf
    this.#heard = heard
    this.#bits = new WaitingBits(words, participants)
    this.#ringers = new Ringers(bellOf)
  }

  get wants(): number {
    return this.#wants
  }

  /** Somebody is to be rung. */
  get rings(): boolean {
    return this.#woken.length > 0
  }

  /** Keeps the process alive while it waits for anything. Answers for what it was woken and will not look: another one must. */
  attend(conditions: number): number {
    const before = this.#wants
    this.#wants = conditions
    if (conditions === 0) this.#bell?.unref()
    else this.arm(conditions & ~before).ref()
    return this.#disarm(before & ~conditions)
  }

  arm(conditions: number): Doorbell {
    this.#bell ??= new Doorbell(this.#bellOf(this.#slot), () => this.#listen())
    for (let index = 0; index < CONDITIONS.length; index++) {
      if ((conditions & CONDITIONS[index]!) !== 0) this.#bits.set(index, this.#slot)
    }
    this.#armed |= conditions
    return this.#bell
  }

  /** Under the lock: takes others off their bits. */
  wake(condition: number, count: number): void {
    const index = placeOf(condition)
    for (let woken = 0; woken < count; woken++) {
      const slot = this.#bits.pop(index, this.#slot)
      if (slot < 0) return
      this.#woken.push({ slot, condition })
    }
  }

  /** Rings those who were woken. Answers who does not hear it. */
  ring(): Woken[] {
    const woken = this.#woken
    this.#woken = []
    return woken.filter(({ slot }) => !this.#ringers.ring(slot))
  }

  /** Wakes all who wait for this. Needs no lock. */
  tell(condition: number): void {
    for (const slot of this.#bits.popAll(placeOf(condition))) this.#ringers.ring(slot)
  }

  count(condition: number): number {
    return this.#bits.count(placeOf(condition))
  }

  /** Under the lock: removes what the dead waited with. */
  bury(slot: number): void {
    for (let index = 0; index < CONDITIONS.length; index++) this.#bits.clear(index, slot)
    this.#ringers.forget(slot)
    removeFile(this.#bellOf(slot))
  }

  /** Waits for nothing any more, and hears nothing. Answers as `attend`. */
  cease(): number {
    this.#wants = 0
    const missed = this.#disarm(this.#armed)
    this.#bell?.close()
    return missed
  }

  /** Rings nobody any more. */
  close(): void {
    this.#ringers.close()
  }

  #listen(): void {
    let came = 0
    for (let index = 0; index < CONDITIONS.length; index++) {
      const condition = CONDITIONS[index]!
      if ((this.#armed & condition) !== 0 && !this.#bits.isSet(index, this.#slot)) came |= condition
    }
    this.#armed &= ~came
    if (came !== 0) this.#heard(came)
  }

  #disarm(conditions: number): number {
    const armed = this.#armed & conditions
    this.#armed &= ~conditions
    let missed = 0
    for (let index = 0; index < CONDITIONS.length; index++) {
      const condition = CONDITIONS[index]!
      if ((armed & condition) !== 0 && !this.#bits.clear(index, this.#slot)) missed |= condition
    }
    return missed
  }
}
