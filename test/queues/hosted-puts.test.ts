import { fifoQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import type { Entry } from '#src/core/entry'
import { FifoShelf } from '#src/core/fifo-shelf'
import { Mailbox } from '#src/core/mailbox'
import { mailboxOf } from '#src/core/mailbox-of'
import { MemoryStore } from '#src/core/memory-store'
import { PUT_BYTES, PUTS } from '#src/queues/socket/limits'
import type { ToHost } from '#src/queues/socket/protocol'
import { PutSession } from '#src/queues/socket/put-session'
import { Place } from '../contract/late-store.js'
import { HandClock } from '../core/hand-clock.js'
import { codeThrown, until } from './help.js'
import { parcelOf, putOf } from './raw-client.js'

type Put = Extract<ToHost, { type: 'put' }>

const put = (number: number, ...values: unknown[]): Put => putOf(number, ...values) as unknown as Put

/** A client's puts into a queue, and what it is told of them. */
class Told<T> {
  readonly session: PutSession<T>
  readonly failed: [number, unknown][] = []
  stored = 0

  constructor(mailbox: Mailbox<T>) {
    this.session = new PutSession('a client', mailbox)
    this.hear()
  }

  hear(): void {
    this.session.reports = {
      stored: () => void this.stored++,
      failed: (number, error) => void this.failed.push([number, (error as { code: unknown }).code]),
    }
  }
}

const toldOf = <T>(mailbox: Mailbox<T>): Told<T> => new Told(mailbox)

/** Puts are accepted at once and stored later. */
function late(capacity: number) {
  const place = new Place<number>(capacity)
  const store = place.open()
  const mailbox = new Mailbox(store, { name: 'late', maxAttempts: 16 })
  return { place, store, mailbox, told: new Told(mailbox) }
}

/** What bytes of one item take as a parcel, without the item. */
const AROUND = parcelOf(Buffer.alloc(1 << 20)).length - (1 << 20)
const large = (number: number, bytes: number): Put => put(number, Buffer.alloc(bytes - AROUND))

describe('the puts of a client, at its host', () => {
  it('may be so many bytes at once, besides a single one of any size [H4]', () => {
    const { session } = toldOf(mailboxOf(fifoQueue<unknown>({ capacity: 1 })))
    session.put(large(1, PUT_BYTES + 100))
    expect(session.stored).toBe(1)
    // From here on they wait for room.
    session.put(large(2, PUT_BYTES - (1 << 20)))
    session.put(large(3, 1 << 20))
    expect(codeThrown(() => session.put(put(4, 0)))).toBe('ERR_PROTOCOL')
    session.withdraw(3)
    session.put(put(4, 0))
    expect(codeThrown(() => session.put(large(5, 1 << 20)))).toBe('ERR_PROTOCOL')
    session.withdraw(4)
    session.put(large(5, 1 << 20))
    expect(session.stored).toBe(1)
  })

  it('may be a single one of any size whenever none is open [H4]', () => {
    const { session } = toldOf(mailboxOf(fifoQueue<unknown>()))
    for (let number = 1; number <= 3; number++) session.put(large(number, PUT_BYTES + 1))
    expect(session.stored).toBe(3)
  })

  it('may be so many at once [H4]', () => {
    const mailbox = mailboxOf(fifoQueue<unknown>({ capacity: 1 }))
    const { session } = toldOf(mailbox)
    const { parcel } = put(0, 0)
    const one = (number: number): void => session.put({ type: 'put', number, parcel, priority: 0, delay: 0 })
    for (let number = 1; number <= 1 + PUTS; number++) one(number)
    expect([session.stored, mailbox.line.length]).toEqual([1, PUTS])
    expect(codeThrown(() => one(PUTS + 2))).toBe('ERR_PROTOCOL')
  })

  it('are told to have failed as often as they are repeated, as far as that is remembered [H6]', () => {
    const told = toldOf(mailboxOf(fifoQueue()))
    const bad = (number: number): void => told.session.put({ ...put(number), parcel: Uint8Array.of(1) })
    for (let number = 1; number <= 1024; number++) bad(number)
    expect(told.failed).toHaveLength(1024)
    bad(1)
    expect(told.failed.at(-1)).toEqual([1, 'ERR_CODEC'])
    bad(1025)
    for (const number of [2, 1025]) {
      bad(number)
      expect(told.failed.at(-1)).toEqual([number, 'ERR_CODEC'])
    }
    expect([told.failed.length, told.stored]).toEqual([1028, 0])
    // Of this one nobody knows any more.
    bad(1)
    expect([told.failed.length, told.stored]).toEqual([1028, 1])
  })

  it.each<[string, Partial<Put>, string]>([
    ['no items', { parcel: parcelOf() }, 'ERR_CODEC'],
    ['what is no parcel', { parcel: Uint8Array.of(1, 2, 3) }, 'ERR_CODEC'],
    ['more items than the queue can hold', { parcel: parcelOf(1, 2, 3, 4) }, 'ERR_ITEM_TOO_LARGE'],
  ])('are refused where they hold %s, and the next are not [Q12.4] [Q16.3]', (_, wrong, code) => {
    const queue = fifoQueue({ capacity: 3 })
    const told = toldOf(mailboxOf(queue))
    told.session.put({ ...put(1, 0), ...wrong })
    expect([told.failed, told.session.stored]).toEqual([[[1, code]], 1])
    told.session.put(put(2, 1, 2, 3))
    expect([told.stored, queue.size]).toEqual([1, 3])
  })

  it('are refused with the words of the queue’s schema, and stored as it passes them [H12] [Q16.6]', () => {
    const validate = (value: unknown) => (value === 7 ? { value: 8 } : { issues: [{ message: 'seven, please' }] })
    const queue = fifoQueue<number>({ schema: { '~standard': { version: 1, vendor: 'test', validate } } })
    const told = toldOf(mailboxOf(queue))
    told.session.put(put(1, 6))
    told.session.put(put(2, 7))
    expect([told.failed, told.stored]).toEqual([[[1, 'ERR_SCHEMA']], 1])
    const [lease] = mailboxOf(queue).store.take(1, 0)
    expect(lease?.value).toBe(8)
  })

  it('are stored with their delay and priority [Q11.4]', () => {
    HandClock.run(clock => {
      const mailbox = mailboxOf(fifoQueue<number>())
      const { session } = toldOf(mailbox)
      session.put({ ...put(1, 1), delay: 50 })
      session.put({ ...put(2, 2), priority: 3 })
      session.put({ ...put(3, 3), delay: 60, priority: 4 })
      session.put(put(4, 4))
      const { store } = mailbox
      expect([store.ready, store.delayed, store.nextDue]).toEqual([2, 2, clock.now() + 50])
      const entries = store.take(4, clock.now() + 60) as readonly Entry<number>[]
      expect(entries.map(({ value, priority }) => [value, priority])).toEqual([
        [2, 3],
        [4, 0],
        [1, 0],
        [3, 4],
      ])
    })
  })

  it('carry the client’s number to a store that keeps it with the items [H6]', () => {
    const once: [string, number][] = []
    const store = Object.assign(new MemoryStore<number>('once', new FifoShelf<number>(), 2), {
      offerOnce(entries: readonly Entry<number>[], client: string, number: number): boolean {
        once.push([client, number])
        return store.offer(entries)
      },
    })
    const mailbox = new Mailbox<number>(store, { name: 'once', maxAttempts: 1 })
    const { session } = toldOf(mailbox)
    for (let number = 1; number <= 3; number++) session.put(put(number, number))
    const [lease] = mailbox.takeNow(1)
    mailbox.ack(lease as never)
    expect(new Set(once.map(String))).toEqual(new Set(['a client,1', 'a client,2', 'a client,3']))
    expect(session.stored).toBe(3)
  })

  it('can be given up while they wait for room, and no longer [Q13.9]', async () => {
    const { place, store, mailbox, told } = late(1)
    const { session } = told
    session.put(put(1, 1))
    session.put(put(2, 2))
    session.put(put(3, 3))
    for (const number of [1, 3, 3, 99]) session.withdraw(number)
    expect([told.failed, session.stored]).toEqual([[[3, 'ERR_QUEUE_FULL']], 0])
    await until(() => place.items.ready === 1)
    expect([session.stored, told.stored]).toEqual([1, 1])
    // Taken from the line, and not stored yet.
    store.attend({ items: true, room: true, rest: false }, () => 1)
    await until(() => mailbox.takeNow(1).every(lease => mailbox.ack(lease)) && mailbox.line.length === 0)
    session.withdraw(2)
    await until(() => session.stored === 3)
    expect(told.failed).toHaveLength(1)
  })

  it('that wait for room are given up when it goes, and the others are stored without it [H6]', async () => {
    const { place, mailbox, told } = late(1)
    const { session } = told
    expect(session.isIdle).toBe(false)
    session.put(put(1, 1))
    session.put(put(2, 2))
    session.put(put(3, 3))
    session.leave()
    expect([session.stored, session.isIdle, mailbox.line.length]).toEqual([0, false, 0])
    await until(() => place.items.ready === 1)
    expect([session.stored, session.isIdle, told.stored]).toEqual([1, true, 0])
    session.put(put(1, 1))
    told.hear()
    expect(session.isIdle).toBe(false)
    // Repeated: the first is stored, the others are as good as new.
    session.put(put(1, 1))
    expect([told.stored, place.items.ready]).toEqual([1, 1])
    session.put(put(2, 2))
    expect([session.stored, mailbox.line.length]).toEqual([1, 1])
  })

  it('that can never be stored are said to have failed, also where nobody hears it [H5]', async () => {
    const { store, told } = late(2)
    const { session } = told
    store.pause()
    session.put(put(1, 1))
    session.put(put(2, 2))
    const lost = Object.assign(new Error('lost'), { code: 'LOST' })
    store.lose(0, lost)
    expect([told.failed, session.stored]).toEqual([[[2, 'LOST']], 0])
    session.leave()
    store.lose(0, lost)
    expect([told.failed.length, session.stored, session.isIdle]).toEqual([1, 2, true])
    session.put(put(1, 1))
    told.hear()
    session.put(put(1, 1))
    expect(told.failed.at(-1)).toEqual([1, 'LOST'])
  })
})
