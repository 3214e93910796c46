import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { clock } from '../../util/clock.js'
import type { ToChild } from '../protocol.js'

const ENTRY = fileURLToPath(new URL('../entry/child.js', import.meta.url))
const DATA_FD = 4
/** How long a child has, in ms, to end by itself when it is asked to; there is nothing left that it must do. */
const GRACE = 500
/** How long, in ms, what a dead child left in the pipe may take to be read. */
const LAST_WORDS = 500

/** One child of a link: a process, a channel for control and a pipe for data. */
export class LinkChild {
  readonly data: Duplex
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #expected = false

  /** Throws if it cannot be started. `onExit` is called when all it said is read, but not for an end that was asked for. */
  constructor(onExit: (why: string) => void) {
    const child = spawn(process.execPath, [ENTRY], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      serialization: 'advanced',
    })
    this.#process = child
    this.data = child.stdio[DATA_FD] as unknown as Duplex
    this.#exited = new Promise(resolve => {
      const gone = (why: string): void => {
        resolve()
        this.#whenRead(() => {
          if (!this.#expected) onExit(why)
          this.#expected = true
        })
      }
      child.once('exit', (code, signal) => gone(signal ? `it was killed by ${signal}` : `it exited with code ${code}`))
      child.on('error', error => {
        if (child.pid === undefined) gone(`it could not be started: ${error.message}`)
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  tell(message: ToChild): void {
    if (!this.#process.connected) return
    // An error here means that the child is going; its exit tells.
    this.#process.send(message, () => {})
  }

  /** Asks it to end, waits, then kills it. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#expected = true
    if (this.#process.connected) this.#process.disconnect()
    const cancel = clock.after(GRACE, () => this.#process.kill('SIGKILL'))
    await this.#exited
    cancel()
    this.data.destroy()
  }

  /** It does not answer: nothing is asked any more. */
  kill(): void {
    this.#expected = true
    this.#process.kill('SIGKILL')
  }

  #whenRead(callback: () => void): void {
    if (this.data.closed) {
      callback()
      return
    }
    let told = false
    const tell = (): void => {
      cancel()
      if (!told) callback()
      told = true
    }
    const cancel = clock.after(LAST_WORDS, tell)
    this.data.once('close', tell)
  }
}
