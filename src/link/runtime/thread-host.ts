import type { Duplex } from 'node:stream'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { FromChild, ToChild } from '../protocol.js'
import { within } from '../within.js'
import { hasLeft } from './has-left.js'
import { type Host, type HostEvents, hear } from './host.js'
import { PortStream } from './port-stream.js'
import { whenRead } from './when-read.js'

/** How long a thread has to answer, in ms. */
const ANSWER = 500
/** How long its end is waited for. It goes on without that: what is still loading has nothing that anybody waits for. */
const PATIENCE = 1000

const ENTRY = new URL('../entry/thread.js', import.meta.url)

/** A worker thread: its own port for control, and another one for data. */
export class ThreadHost implements Host {
  readonly data: Duplex
  readonly where: { readonly threadId: number }
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #isLoaded = false
  #expected = false

  constructor(events: HostEvents) {
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(ENTRY, { workerData: port2, transferList: [port2] })
    this.#worker = worker
    this.where = { threadId: worker.threadId }
    this.data = new PortStream(port1)
    let thrown: unknown
    worker.on('error', error => {
      thrown = error
    })
    worker.on('message', message => hear(message as FromChild, events))
    worker.once('message', () => {
      this.#isLoaded = true
    })
    this.#exited = new Promise(resolve => {
      worker.once('exit', code => {
        resolve()
        const why = thrown === undefined ? `its thread exited with code ${code}` : `its thread threw: ${thrown}`
        whenRead(this.data, () => {
          if (!this.#expected) events.exited(why)
          this.#expected = true
        })
      })
    })
  }

  tell(message: ToChild): void {
    this.#worker.postMessage(message)
  }

  async end(): Promise<void> {
    this.#expected = true
    const left = this.#leave()
    if (this.#isLoaded) await within(PATIENCE, left)
  }

  /** Cut off while it loads a module or opens a file, it would leave that open in the whole process: only one that hangs is. */
  async #leave(): Promise<void> {
    const heard = new Promise<void>(resolve => this.#worker.once('message', () => resolve()))
    this.tell({ queuelink: 'leave' })
    const left = this.#exited
    const leaving = { isLoaded: this.#isLoaded, answer: ANSWER, heard: Promise.race([heard, left]), left }
    if (!(await hasLeft(leaving))) await this.#worker.terminate()
    this.data.destroy()
  }

  kill(): void {
    void this.#worker.terminate()
  }
}
