import { join } from 'node:path'
import type { Delivery, DurableQueue } from 'queuelink'
import { expect, it } from 'vitest'
import { random } from '../../torture/random.js'
import { codeOf, turns, until } from '../help.js'
import { open, scratch } from './help.js'

const CAPACITY = 40

interface Item {
  readonly id: number
  readonly priority: number
  attempt: number
  owner: number
}

/** What the queue is meant to do, done with a list; two handles use it, and are closed and opened again. */
class Match {
  readonly items: Item[] = []
  readonly queues: DurableQueue<number>[] = []
  readonly out: { readonly delivery: Delivery<number>; readonly item: Item }[] = []
  readonly #next: (limit: number) => number
  readonly #path = join(scratch(), 'queue')
  /** Some items are delayed, all of one priority: they come in any order. */
  readonly #delays: boolean
  #ids = 0

  constructor(seed: number, delays: boolean) {
    this.#next = random(seed)
    this.#delays = delays
  }

  async begin(): Promise<void> {
    for (const user of [0, 1]) await this.#open(user)
  }

  get ready(): Item[] {
    return this.items.filter(({ owner }) => owner < 0).sort((a, b) => a.priority - b.priority || a.id - b.id)
  }

  async step(): Promise<void> {
    const user = this.#next(2)
    const queue = this.queues[user]!
    const what = this.#next(100)
    if (what < 30) await this.#put(queue)
    else if (what < 60) for (let n = this.#next(8); n >= 0; n--) await this.#take(queue, user)
    else if (what < 80) for (let n = this.#next(8); n >= 0; n--) await this.#settle(true)
    else if (what < 94) for (let n = this.#next(3); n >= 0; n--) await this.#settle(false)
    else if (what < 97) await this.#clear(queue)
    else await this.#openAnew(user)
    const wanted = this.ready.length
    if (this.#delays) await until(() => this.queues.every(({ size }) => size === wanted))
    expect(this.queues.map(({ size }) => size)).toEqual([wanted, wanted])
  }

  /** Undefined: at once. */
  #delay(): { delay: number } | undefined {
    return this.#delays && this.#next(3) === 0 ? { delay: 1 + this.#next(4) } : undefined
  }

  async #put(queue: DurableQueue<number>): Promise<void> {
    const count = 1 + this.#next(12)
    const priority = this.#delays ? 0 : [-1.5, 0, 0, 2][this.#next(4)]!
    const ids = Array.from({ length: count }, () => this.#ids++)
    const code = await codeOf(queue.putBatch(ids, { priority, timeout: 0, ...this.#delay() }))
    const fits = this.items.length + count <= CAPACITY
    expect(code).toBe(fits ? undefined : 'ERR_QUEUE_FULL')
    if (fits) for (const id of ids) this.items.push({ id, priority, attempt: 0, owner: -1 })
  }

  async #take(queue: DurableQueue<number>, user: number): Promise<void> {
    const { ready } = this
    if (ready.length === 0) return expect(await codeOf(queue.receive({ timeout: 0 }))).toBe('ERR_QUEUE_EMPTY')
    const next = queue.peek()
    const delivery = await queue.receive({ timeout: 0 })
    const item = this.#delays ? ready.find(({ id }) => id === delivery.value) : ready[0]
    expect([next, delivery.value, delivery.attempt]).toEqual([item?.id, item?.id, item!.attempt + 1])
    item!.attempt++
    item!.owner = user
    this.out.push({ delivery, item: item! })
  }

  async #settle(ack: boolean): Promise<void> {
    if (this.out.length === 0) return
    const [{ delivery, item }] = this.out.splice(this.#next(this.out.length), 1) as [Match['out'][number]]
    if (ack) {
      await delivery.ack()
      this.items.splice(this.items.indexOf(item), 1)
    } else {
      await delivery.nack(this.#delay() ?? { delay: 0 })
      item.owner = -1
      await turns()
    }
  }

  async #clear(queue: DurableQueue<number>): Promise<void> {
    const { ready } = this
    const ids = await queue.shutdown({ immediate: true })
    expect(this.#delays ? ids.sort((a, b) => a - b) : ids).toEqual(ready.map(({ id }) => id))
    for (const item of ready) this.items.splice(this.items.indexOf(item), 1)
    await queue.reopen()
    // The other handle hears of it.
    await turns(5)
  }

  async #openAnew(user: number): Promise<void> {
    await this.queues[user]!.close()
    for (const item of this.items) if (item.owner === user) item.owner = -1
    for (const one of this.out.filter(({ item }) => item.owner < 0)) this.out.splice(this.out.indexOf(one), 1)
    await this.#open(user)
  }

  async #open(user: number): Promise<void> {
    this.queues[user] = await open<number>(this.#path, { capacity: CAPACITY, durability: 'async' })
  }

  async end(): Promise<void> {
    const { ready } = this
    while (this.out.length > 0) await this.#settle(true)
    const [queue, other] = this.queues as [DurableQueue<number>, DurableQueue<number>]
    const left: number[] = []
    while (left.length < ready.length) left.push(...(await queue.getBatch(ready.length - left.length)))
    if (this.#delays) left.sort((a, b) => a - b)
    expect(left).toEqual(ready.map(({ id }) => id))
    await queue.close()
    const { size, leased, delayed } = await other.stat()
    expect([size, leased, delayed]).toEqual([0, 0, 0])
    await other.close()
    await this.#open(0)
    expect(await codeOf(this.queues[0]!.get({ timeout: 0 }))).toBe('ERR_QUEUE_EMPTY')
  }
}

for (const delays of [false, true]) {
  const order = delays ? 'with items that are delayed' : 'in the order of priorities (Q1.3) (Q1.4) (Q1.5)'
  it(`does what a list would, for two handles that come and go, ${order} (Q11.1) (Q11.4) (Q10.8) (Q10.15)`, async () => {
    const seed = Date.now() % 1e6
    const match = new Match(seed, delays)
    try {
      await match.begin()
      for (let step = 0; step < (delays ? 120 : 250); step++) await match.step()
      await match.end()
    } catch (error) {
      throw new Error(`with the seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  })
}
