import { Duplex } from 'node:stream'
import { expect } from 'vitest'
import { Frames } from '#src/core/frames'

/** A pipe in memory that keeps what is written to it, as slowly as it is told to. */
export class Pipe extends Duplex {
  readonly written: Buffer[] = []
  stuck: (() => void) | undefined
  isStuck = false
  readonly #when: (done: () => void) => void

  /** `when` calls back what is to happen after each write: at once if it is left out. */
  constructor(when: (done: () => void) => void = done => done()) {
    super({ highWaterMark: 64 })
    this.#when = when
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: unknown, done: () => void): void {
    this.written.push(Buffer.from(chunk))
    if (this.isStuck) this.stuck = done
    else this.#when(done)
  }

  /** Each without its header. */
  get frames(): Buffer[] {
    const frames = new Frames()
    frames.push(Buffer.concat(this.written))
    const all: Buffer[] = []
    for (let next = frames.next(); next; next = frames.next()) all.push(next)
    expect(frames.isOpen).toBe(false)
    return all
  }
}
