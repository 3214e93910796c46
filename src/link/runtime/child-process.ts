import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { clock } from '../../util/clock.js'
import type { FromChild, ToChild } from '../protocol.js'

const ENTRY = fileURLToPath(new URL('../entry/child.js', import.meta.url))
const DATA_FD = 4
/** How long a child has, in ms, to end by itself when it is asked to. */
const GRACE = 2000

/** One child of a link: a process, a channel for control and a pipe for data. */
export class LinkChild {
  readonly data: Duplex
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #expected = false

  /** `onExit` is not called for an end that was asked for. */
  constructor(onMessage: (message: FromChild) => void, onExit: (why: string) => void) {
    const child = spawn(process.execPath, [ENTRY], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      serialization: 'advanced',
    })
    this.#process = child
    this.data = child.stdio[DATA_FD] as unknown as Duplex
    child.on('message', message => onMessage(message as FromChild))
    this.#exited = new Promise(resolve => {
      const gone = (why: string): void => {
        resolve()
        if (!this.#expected) onExit(why)
        this.#expected = true
      }
      child.on('exit', (code, signal) => gone(signal ? `it was killed by ${signal}` : `it exited with code ${code}`))
      child.on('error', error => gone(`it could not be started: ${error.message}`))
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

  kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    return this.end()
  }
}
