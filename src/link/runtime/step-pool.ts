import { SpillDirectory } from '../../core/spill.js'
import type { PoolOptions, WorkPool } from '../../core/work-pool.js'
import { LinkError } from '../../errors/link-error.js'
import { Deferred } from '../../util/deferred.js'
import type { CallsToChild, ResultsFromChild } from '../protocol.js'
import type { Step } from '../step.js'
import { Channel } from './channel.js'
import type { Host } from './host.js'
import { processHost } from './reserve.js'
import { Restarts } from './restarts.js'
import { ThreadHost } from './thread-host.js'

/** Calls sent to a child before it has answered the last, so that it need not wait for the next. */
const AHEAD = 2
const RESTART = { max: 5, backoff: 100 }

interface Call {
  readonly value: unknown
  readonly done: Deferred<unknown>
}

/** Children that do a step for an operator. A call goes to whichever has least to do; one whose child dies fails. */
export class StepPool implements WorkPool {
  readonly #waiting: Call[] = []
  readonly #workers: PoolWorker[]
  readonly #spill = SpillDirectory.make()

  constructor(step: Step, { workers, placement }: PoolOptions) {
    const next = (): Call | undefined => this.#waiting.shift()
    this.#workers = Array.from({ length: workers }, () => new PoolWorker(step, placement, this.#spill, next))
  }

  run(value: unknown): Promise<unknown> {
    const call = { value, done: new Deferred<unknown>() }
    this.#waiting.push(call)
    const [idlest] = [...this.#workers].sort((a, b) => a.out - b.out)
    idlest?.pull()
    return call.done.promise
  }

  async end(): Promise<void> {
    const gone = new LinkError('its operator was left before the step was done', 'ERR_LINK_ENDED')
    for (const { done } of this.#waiting.splice(0)) done.reject(gone)
    await Promise.all(this.#workers.map(worker => worker.end(gone)))
    await (await this.#spill).remove()
  }
}

class PoolWorker {
  readonly #step: Step
  readonly #placement: PoolOptions['placement']
  readonly #spill: Promise<SpillDirectory>
  readonly #next: () => Call | undefined
  readonly #calls = new Map<number, Call>()
  readonly #restarts = new Restarts(RESTART)
  #host: Host | undefined
  #channel: Channel<ResultsFromChild, CallsToChild> | undefined
  #ids = 0
  #ended = false

  constructor(
    step: Step,
    placement: PoolOptions['placement'],
    spill: Promise<SpillDirectory>,
    next: () => Call | undefined,
  ) {
    this.#step = step
    this.#placement = placement
    this.#spill = spill
    this.#next = next
    void this.#start()
  }

  get out(): number {
    return this.#channel ? this.#calls.size : Number.POSITIVE_INFINITY
  }

  pull(): void {
    while (this.#channel && this.#calls.size < AHEAD) {
      const call = this.#next()
      if (!call) return
      const id = ++this.#ids
      this.#calls.set(id, call)
      const refused = (error: unknown): void => this.#settle(id, ({ done }) => done.reject(error))
      this.#channel.send({ type: 'call', id, values: [call.value] }, { sized: () => {}, refused })
    }
  }

  async end(error: unknown): Promise<void> {
    this.#ended = true
    this.#restarts.cancel()
    await this.#host?.end()
    this.#letGo(error)
  }

  async #start(): Promise<void> {
    const events = { exited: (why: string) => this.#died(why), pong: () => {} }
    const host = this.#placement === 'thread' ? new ThreadHost(events) : processHost(events)
    this.#host = host
    const spill = await this.#spill
    if (this.#ended || this.#host !== host) return
    // A broken pipe is told by the child's exit.
    const channel = new Channel<ResultsFromChild, CallsToChild>(host.data, spill, () => {})
    channel.listen(result => this.#hear(result))
    host.tell({ queuelink: 'work', step: { step: this.#step.step }, spill: spill.path })
    this.#channel = channel
    this.pull()
  }

  #hear(result: ResultsFromChild): void {
    this.#restarts.progressed()
    if (result.type === 'result') this.#settle(result.id, ({ done }) => done.resolve(result.values[0]))
    else if (result.id !== undefined) this.#settle(result.id, ({ done }) => done.reject(result.error))
    else this.#letGo(result.error)
    this.pull()
  }

  #settle(id: number, settle: (call: Call) => void): void {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (call) settle(call)
  }

  #died(why: string): void {
    if (this.#ended) return
    const error = new LinkError(`the child that worked on this item died: ${why}`, 'ERR_LINK_CHILD')
    this.#host = undefined
    this.#letGo(error)
    this.#restarts.next(() => void this.#start())
  }

  #letGo(error: unknown): void {
    this.#channel?.close()
    this.#channel = undefined
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const { done } of calls) done.reject(error)
  }
}
