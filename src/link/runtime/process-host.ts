import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { clock } from '../../util/clock.js'
import type { FromChild, ToChild } from '../protocol.js'
import { childEnvironment } from './child-environment.js'
import { type Host, type HostEvents, hear } from './host.js'
import { whenRead } from './when-read.js'

const ENTRY = fileURLToPath(new URL('../entry/child.js', import.meta.url))
const DATA_FD = 4
/** How long a child has, in ms, to end by itself when it is asked to; there is nothing left that it must do. */
const GRACE = 500

/** A child process: a channel for control and a pipe for data. */
export class ProcessHost implements Host {
  readonly data: Duplex
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #events: HostEvents
  /** How it ended before anybody asked for it. */
  #gone: string | undefined
  #expected = false

  constructor(events: HostEvents, runsSteps: boolean) {
    this.#events = events
    const child = spawn(process.execPath, [ENTRY], {
      env: childEnvironment(runsSteps),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      serialization: 'advanced',
    })
    this.#process = child
    this.data = child.stdio[DATA_FD] as unknown as Duplex
    this.#exited = new Promise(resolve => {
      const gone = (why: string): void => {
        resolve()
        whenRead(this.data, () => this.#isGone(why))
      }
      child.once('exit', (code, signal) => gone(signal ? `it was killed by ${signal}` : `it exited with code ${code}`))
      child.on('error', error => {
        if (child.pid === undefined) gone(`it could not be started: ${error.message}`)
      })
    })
    child.on('message', message => hear(message as FromChild, this.#events))
  }

  get where(): { pid?: number } {
    const { pid } = this.#process
    return pid === undefined ? {} : { pid }
  }

  /** It ran already, for nobody. */
  adopt(events: HostEvents): this {
    this.#events = events
    if (this.#gone !== undefined) events.exited(this.#gone)
    return this
  }

  /** Whether it keeps this process alive; it does unless told otherwise. */
  keepAlive(keep: boolean): void {
    const handles = [this.#process, this.#process.channel, this.data] as ({ ref(): void; unref(): void } | null)[]
    for (const handle of handles) keep ? handle?.ref() : handle?.unref()
  }

  get isGone(): boolean {
    return this.#gone !== undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  tell(message: ToChild): void {
    if (!this.#process.connected) return
    // An error here means that the child is going; its exit tells.
    this.#process.send(message, () => {})
  }

  async end(): Promise<void> {
    this.#expected = true
    if (this.#process.connected) this.#process.disconnect()
    const cancel = clock.after(GRACE, () => this.#process.kill('SIGKILL'))
    await this.#exited
    cancel()
    this.data.destroy()
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #isGone(why: string): void {
    if (this.#expected) return
    this.#expected = true
    this.#gone = why
    this.#events.exited(why)
  }
}
