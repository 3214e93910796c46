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
/** As often as it takes: an item that ends child after child fails in the end. */
const RESTART = { max: Number.POSITIVE_INFINITY, backoff: 100 }

interface Call {
  readonly value: unknown
  readonly done: Deferred<unknown>
  /** A child died that had it, and another one as well: it is sent alone. */
  isSuspect: boolean
}

/** What a worker asks and tells its pool. */
interface Calls {
  /** The next call for a child; undefined if there is none, or it has others and those that wait are to be alone. */
  next(isIdle: boolean): Call | undefined
  /** They were out when a child died, and go to the next one. */
  back(calls: readonly Call[]): void
  /** No child can do the step, for this reason. */
  failed(error: unknown): void
}

/** Children that do a step for an operator. A call goes to whichever has least to do; one that was alone with a child that died fails. */
export class StepPool implements WorkPool, Calls {
  readonly #waiting: Call[] = []
  readonly #workers: PoolWorker[]
  readonly #spill = SpillDirectory.make()
  #failure: { readonly error: unknown } | undefined

  constructor(step: Step, { workers, placement }: PoolOptions) {
    this.#workers = Array.from({ length: workers }, () => new PoolWorker(step, placement, this.#spill, this))
  }

  run(value: unknown): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure.error)
    const call = { value, done: new Deferred<unknown>(), isSuspect: false }
    this.#waiting.push(call)
    const [idlest] = [...this.#workers].sort((a, b) => a.out - b.out)
    idlest?.pull()
    return call.done.promise
  }

  async end(): Promise<void> {
    this.#refuse(new LinkError('its operator was left before the step was done', 'ERR_LINK_ENDED'))
    await Promise.all(this.#workers.map(worker => worker.end()))
    await this.#spill.then(spill => spill.remove()).catch(() => {})
  }

  next(isIdle: boolean): Call | undefined {
    const at = this.#waiting.findIndex(({ isSuspect }) => isIdle || !isSuspect)
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0]
  }

  back(calls: readonly Call[]): void {
    this.#waiting.unshift(...calls)
    for (const worker of this.#workers) worker.pull()
  }

  failed(error: unknown): void {
    this.#failure ??= { error }
    this.#refuse(error)
  }

  #refuse(error: unknown): void {
    for (const { done } of this.#waiting.splice(0)) done.reject(error)
    for (const worker of this.#workers) worker.refuse(error)
  }
}

class PoolWorker {
  readonly #step: Step
  readonly #placement: PoolOptions['placement']
  readonly #spill: Promise<SpillDirectory>
  readonly #pool: Calls
  readonly #calls = new Map<number, Call>()
  readonly #restarts = new Restarts(RESTART)
  #host: Host | undefined
  #channel: Channel<ResultsFromChild, CallsToChild> | undefined
  #ids = 0
  #ended = false

  constructor(step: Step, placement: PoolOptions['placement'], spill: Promise<SpillDirectory>, pool: Calls) {
    this.#step = step
    this.#placement = placement
    this.#spill = spill
    this.#pool = pool
    this.#restart()
  }

  get out(): number {
    return this.#channel ? this.#calls.size : Number.POSITIVE_INFINITY
  }

  pull(): void {
    while (this.#channel && this.#calls.size < AHEAD && !this.#isQuarantined()) {
      const call = this.#pool.next(this.#calls.size === 0)
      if (!call) return
      const id = ++this.#ids
      this.#calls.set(id, call)
      const refused = (error: unknown): void => this.#settle(id, ({ done }) => done.reject(error))
      this.#channel.send({ type: 'call', id, values: [call.value] }, { sized: () => {}, refused })
    }
  }

  async end(): Promise<void> {
    this.#ended = true
    this.#restarts.cancel()
    this.#disconnect()
    await this.#host?.end()
  }

  /** What it has been given is not waited for any more. */
  refuse(error: unknown): void {
    for (const { done } of this.#taken()) done.reject(error)
  }

  #isQuarantined(): boolean {
    for (const { isSuspect } of this.#calls.values()) if (isSuspect) return true
    return false
  }

  #restart(): void {
    this.#start().catch(error => this.#pool.failed(error))
  }

  async #start(): Promise<void> {
    const events = { exited: (why: string) => this.#died(why), pong: () => {} }
    const host = this.#placement === 'thread' ? new ThreadHost(events) : processHost(events, true)
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
    else this.#pool.failed(result.error)
    this.pull()
  }

  #settle(id: number, settle: (call: Call) => void): void {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (call) settle(call)
  }

  #died(why: string): void {
    if (this.#ended) return
    this.#host = undefined
    this.#disconnect()
    const calls = this.#taken()
    const [first] = calls
    if (first && calls.length === 1) {
      first.done.reject(new LinkError(`the child that worked on this item alone died: ${why}`, 'ERR_LINK_CHILD'))
    } else {
      for (const call of calls) call.isSuspect = true
      this.#pool.back(calls)
    }
    this.#restarts.next(() => this.#restart())
  }

  #disconnect(): void {
    this.#channel?.close()
    this.#channel = undefined
  }

  #taken(): Call[] {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    return calls
  }
}
