import { closeSync, fstatSync, type Stats, statSync } from 'node:fs'
import { QueueClosedError } from '../errors/queue-closed-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { type ArenaFile, type ArenaOptions, isStillThere, openAgain, openArenaFile } from './arena-file.js'
import { type ArenaHeader, BODY_AT, LOCK_AT, LOOKED_AT } from './arena-header.js'
import type { ArenaUser } from './arena-user.js'
import { atExit } from './at-exit.js'
import { CONDITIONS, LOCK } from './conditions.js'
import { Life } from './life.js'
import { Mapping } from './mapping.js'
import { Pace } from './pace.js'
import { type Participant, Participants, type Seat } from './participants.js'
import { removeFile } from './remove-file.js'
import { RobustLock } from './robust-lock.js'
import { everySecond } from './ticks.js'
import { Waiting } from './waiting.js'

export { ITEMS, REST, ROOM } from './conditions.js'

/** How often the holder of a lock that could not be had is looked at, in ms: it tells when it leaves, but not when it dies. */
const LOOK_AGAIN = 50
/** The dead are looked for by one participant a second, in ms. */
const FRESH = 900

/**
 * One queue's memory, shared between processes and threads: a body for the kind's own use, a lock that survives its holder,
 * participants whose death is noticed, and waiters that are woken through their event loops.
 *
 * What is in the body changes under the lock: `if (!arena.enter()) …`, then `try { … } finally { arena.leave() }`. Every handle
 * is a participant of its own, also in one thread. The end of a process, in any way, never removes the file: `unlink` alone does.
 */
export class Arena {
  readonly header: ArenaHeader
  readonly path: string
  /** The body is `buffer` from `offset` on, of `bytes` bytes. */
  readonly buffer: ArrayBuffer
  readonly offset = BODY_AT
  readonly bytes: number
  readonly #what: string
  readonly #fd: number
  readonly #file: Stats
  readonly #mapping: Mapping
  readonly #seat: Seat
  readonly #participants: Participants
  readonly #lock: RobustLock
  readonly #waiting: Waiting
  readonly #looked: Float64Array
  readonly #user: ArenaUser
  readonly #stayAtExit: () => void
  readonly #pace = new Pace(() => this.#ring())
  #closed = false
  #stopTicks: (() => void) | undefined
  #retry: NodeJS.Timeout | undefined

  /** `use` is called with the arena once its memory is there; no call of it may be made before `use` returns. */
  static open(options: ArenaOptions, use: (arena: Arena) => ArenaUser): Arena {
    for (;;) {
      const arena = Arena.#on(openArenaFile(options), options, use)
      if (!arena) continue
      const locked = arena.#settleIn()
      // Else it was replaced or unlinked before the seat was taken.
      if (!locked && isStillThere(arena.#fd, options.path)) return arena
      arena.close()
      if (locked) throw locked
    }
  }

  /** Undefined: it was replaced or unlinked on the way. */
  static #on({ fd, header }: ArenaFile, options: ArenaOptions, use: (arena: Arena) => ArenaUser): Arena | undefined {
    let mapping: Mapping | undefined
    let own: number | undefined
    try {
      own = openAgain(fd, options.path)
      if (own === undefined) return undefined
      mapping = new Mapping(fd, header.bytes)
      return new Arena(own, header, mapping, options, use)
    } catch (error) {
      mapping?.close()
      if (own !== undefined) closeSync(own)
      throw error
    } finally {
      closeSync(fd)
    }
  }

  private constructor(
    fd: number,
    header: ArenaHeader,
    mapping: Mapping,
    options: ArenaOptions,
    use: (arena: Arena) => ArenaUser,
  ) {
    this.#fd = fd
    this.#file = fstatSync(fd)
    this.#mapping = mapping
    this.buffer = mapping.buffer
    this.#what = options.what
    this.path = options.path
    this.header = header
    this.bytes = header.bytes - BODY_AT
    const life = new Life(fd)
    const words = new Int32Array(this.buffer, 0, BODY_AT / 4)
    this.#looked = new Float64Array(this.buffer, LOOKED_AT, 1)
    this.#participants = new Participants(words, life)
    this.#user = use(this)
    this.#seat = this.#participants.claim()
    const { slot } = this.#seat
    const bellOf = (of: number): string => `${options.path}.bell-${header.identity}-${of.toString(16)}`
    this.#waiting = new Waiting(words, this.#participants, slot, bellOf, came => this.#heard(came))
    this.#lock = new RobustLock(words, LOCK_AT / 4, this.#seat.tag, tag => this.#participants.isDead(tag))
    this.#stayAtExit = atExit(() => this.#end())
  }

  /** This handle's place: 0 to 254. Its own alone until it is closed or reaped. */
  get slot(): number {
    return this.#seat.slot
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Takes the lock. False: its holder went on holding it for 5 ms, being stopped or very slow; `unlocked` is called when it
   * is worth while to try again, and the process is kept alive until then. Calls in between answer false at once.
   */
  enter(): boolean {
    if (this.#closed) throw new QueueClosedError(`${this.#what} was closed`)
    if (this.#take()) return true
    this.#lookAgain()
    return false
  }

  /** Gives the lock back, then rings those who were woken meanwhile: within the turn of the event loop at the latest. */
  leave(): void {
    const wanted = this.#lock.release()
    if (this.#waiting.rings && (this.#closed || this.#pace.allows)) {
      this.#ring()
      if (!this.#closed) this.#pace.done()
    }
    if (wanted) this.#waiting.tell(LOCK)
  }

  /** As `leave`, where something failed on the way: whoever enters next repairs first. */
  abandon(): void {
    const wanted = this.#lock.abandon()
    if (this.#waiting.rings) this.#ring()
    if (wanted) this.#waiting.tell(LOCK)
  }

  /** What to throw at callers that cannot wait for the lock. */
  lockedError(): QueueLinkError {
    const holder = this.#lock.holder
    const slot = (holder & 0xff) - 1
    const who = slot < 0 ? 'somebody' : `process ${this.#participants.pidOf(slot)}`
    const way = 'if it is stopped, continue or end it; calls that wait go on by themselves'
    return new QueueLinkError(`${this.#what} is locked by ${who}: ${way}`, 'ERR_QUEUE_LOCKED')
  }

  /**
   * What this handle waits for from now on (0: nothing): keeps the process alive while that is anything, and `news` tells. The
   * caller looks again afterwards: what came before is not told. Called outside the lock.
   */
  attend(conditions: number): void {
    if (conditions !== 0 && this.#closed) throw new QueueClosedError(`${this.#what} was closed`)
    if (conditions === this.#waiting.wants) return
    this.#passOn(this.#waiting.attend(conditions))
    if (conditions !== 0) this.#stopTicks ??= everySecond(() => this.#tick())
    else this.#stopTicking()
  }

  /** Asks to be woken once for these conditions: under the lock, after looking in vain, or outside it and then looking again. */
  arm(conditions: number): void {
    this.#waiting.arm(conditions)
  }

  /** Under the lock: wakes so many who wait for this condition, other than this handle, which sees by itself what it did. */
  wake(condition: number, count = Infinity): void {
    this.#waiting.wake(condition, count)
  }

  /** Returns what the dead had leased; how many there were. Done once a second by those who wait. */
  reap(): number {
    if (this.#closed) throw new QueueClosedError(`${this.#what} was closed`)
    const dead = this.#participants.dead(this.slot)
    if (dead.length === 0 || !this.#take()) return 0
    for (const slot of dead) this.#reapOne(slot)
    this.leave()
    return dead.length
  }

  participants(): Participant[] {
    return this.#participants.list(this.slot)
  }

  /** How many wait for this condition, this handle among them. */
  waiters(condition: number): number {
    return this.#waiting.count(condition)
  }

  /**
   * Removes the file: nobody finds it any more. Those who have it open go on with it. May be called after `close`. False:
   * what the path leads to is another file by now, or nothing.
   */
  unlink(): boolean {
    const there = statSync(this.path, { throwIfNoEntry: false })
    if (there?.ino !== this.#file.ino || there.dev !== this.#file.dev) return false
    removeFile(this.path)
    return true
  }

  /** Gives back everything that this handle has. The body reads as zeros afterwards; `enter` throws. May be called again. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#pace.stop()
    this.#ring()
    this.#stayAtExit()
    clearInterval(this.#retry)
    this.#stopTicking()
    // Its bell goes before the slot is free: the next owner's has the same name.
    this.#passOn(this.#waiting.cease())
    if (this.#take()) {
      this.#user.reap(this.slot)
      this.leave()
      this.#participants.free(this.slot, this.#seat.tag)
    }
    // Where the lock could not be had, others find this slot without a sign of life, and do the same.
    this.#waiting.close()
    this.#mapping.close()
    closeSync(this.#fd)
  }

  #take(): boolean {
    if (!this.#lock.acquire()) return false
    if (this.#lock.stolenFrom !== 0) this.#recover()
    return true
  }

  #recover(): void {
    const dead = (this.#lock.stolenFrom & 0xff) - 1
    try {
      this.#user.repair()
    } catch (error) {
      this.abandon()
      throw error
    }
    this.#lock.mended()
    if (dead >= 0 && dead !== this.slot) this.#reapOne(dead)
  }

  /** Returns what the slot's last owner leased, if it died. Answers why that cannot be. */
  #settleIn(): QueueLinkError | undefined {
    if (!this.#seat.inherited) return undefined
    if (!this.#take()) return this.lockedError()
    this.#user.reap(this.slot)
    this.leave()
    return undefined
  }

  /** Under the lock. Nothing happens if somebody has the slot by now. */
  #reapOne(slot: number): void {
    const tag = this.#participants.tagOf(slot)
    if (tag === 0 || this.#participants.lives(slot)) return
    this.#user.reap(slot)
    this.#waiting.bury(slot)
    this.#participants.free(slot, tag)
  }

  #ring(): void {
    while (this.#waiting.rings) {
      const unheard = this.#waiting.ring()
      if (unheard.length === 0 || !this.#take()) return
      for (const { slot, condition } of unheard) {
        this.#reapOne(slot)
        this.wake(condition, 1)
      }
      if (this.#lock.release()) this.#waiting.tell(LOCK)
    }
  }

  #heard(conditions: number): void {
    if (this.#closed) return
    if ((conditions & LOCK) !== 0) this.#unlocked()
    const came = conditions & this.#waiting.wants
    if (came !== 0) this.#user.news(came)
  }

  /** This handle was woken for these and will not look: another one must. */
  #passOn(conditions: number): void {
    if (conditions === 0 || !this.#take()) return
    for (const condition of CONDITIONS) if ((conditions & condition) !== 0) this.wake(condition, 1)
    this.leave()
  }

  #stopTicking(): void {
    this.#stopTicks?.()
    this.#stopTicks = undefined
  }

  /** Whoever should have woken this handle may have died before it did. */
  #tick(): void {
    const now = Date.now()
    // Also where a damaged file has no number.
    if (!(Math.abs(now - this.#looked[0]!) <= FRESH)) {
      this.#looked[0] = now
      this.reap()
    }
    const { wants } = this.#waiting
    if (!this.#closed && wants !== 0) this.#user.news(wants)
  }

  #lookAgain(): void {
    if (this.#retry) return
    this.arm(LOCK)
    const holderTells = this.#lock.want()
    this.#retry = setInterval(() => {
      if (!this.#lock.stuck()) this.#unlocked()
    }, LOOK_AGAIN)
    if (!holderTells) setImmediate(() => this.#unlocked())
  }

  #unlocked(): void {
    if (!this.#retry || this.#closed) return
    clearInterval(this.#retry)
    this.#retry = undefined
    this.#user.unlocked()
  }

  #end(): void {
    if (this.#closed) return
    // An error that nobody caught ends the thread in the section.
    if (this.#lock.holder === this.#seat.tag) this.abandon()
    this.#user.ending?.()
    this.close()
  }
}
