import type { Duplex } from 'node:stream'
import { MessageChannel, Worker } from 'node:worker_threads'
import { isPong, type ToChild } from '../protocol.js'
import type { Host, HostEvents } from './host.js'
import { PortStream } from './port-stream.js'
import { whenRead } from './when-read.js'

const ENTRY = new URL('../entry/thread.js', import.meta.url)

/** A worker thread: its own port for control, and another one for data. */
export class ThreadHost implements Host {
  readonly data: Duplex
  readonly where: { readonly threadId: number }
  readonly #worker: Worker
  readonly #exited: Promise<void>
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
    worker.on('message', message => {
      if (isPong(message)) events.pong()
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

  /** There is nothing left that it must do. */
  async end(): Promise<void> {
    this.#expected = true
    void this.#worker.terminate()
    await this.#exited
    this.data.destroy()
  }

  kill(): void {
    void this.#worker.terminate()
  }
}
