import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'
import { type AddressLike, formatAddress, parseAddress } from '#src/queues/socket/address'
import { Asks } from '#src/queues/socket/asks'
import { Belief } from '#src/queues/socket/belief'
import { LeaseWindow } from '#src/queues/socket/lease-window'
import { PUT_BYTES, PUTS, QUESTIONS } from '#src/queues/socket/limits'
import type { Standing, ToHost } from '#src/queues/socket/protocol'
import { PutLog, putMessage } from '#src/queues/socket/put-log'

describe('an address [Q16.5]', () => {
  it.each<[AddressLike, string]>([
    ['a.sock', `unix:${resolve('a.sock')}`],
    ['unix:/tmp/a.sock', 'unix:/tmp/a.sock'],
    [{ path: '/tmp/a.sock' }, 'unix:/tmp/a.sock'],
    ['tcp:0', 'tcp:127.0.0.1:0'],
    ['tcp:65535', 'tcp:127.0.0.1:65535'],
    ['tcp::80', 'tcp:127.0.0.1:80'],
    ['tcp:example.org:80', 'tcp:example.org:80'],
    ['tcp:[::1]:80', 'tcp:[::1]:80'],
    [{ port: 80 }, 'tcp:127.0.0.1:80'],
    [{ host: '::1', port: 80 }, 'tcp:[::1]:80'],
  ])('%j is %s', (given, text) => {
    expect(formatAddress(parseAddress(given))).toBe(text)
    expect(parseAddress(text)).toEqual(parseAddress(given))
  })

  it.each<[unknown]>([
    [''],
    ['unix:'],
    ['a\0b'],
    ['tcp:'],
    ['tcp:80:'],
    ['tcp:example.org'],
    ['tcp:-1'],
    ['tcp:65536'],
    [null],
    [undefined],
    [80],
    [{}],
    [{ path: 80 }],
    [{ host: 'example.org' }],
    [{ port: -1 }],
    [{ port: 65_536 }],
    [{ port: 1.5 }],
    [{ port: '80' }],
    [{ port: undefined }],
  ])('is not %j', given => {
    expect(() => parseAddress(given as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe('what a client believes of its host', () => {
  const small = fc.integer({ min: -3, max: 3 })
  const act = fc.oneof(
    fc.record({ do: fc.constant('change' as const), by: fc.tuple(small, small, small) }),
    fc.record({ do: fc.constantFrom('told' as const, 'hear' as const) }),
  )

  it('counts what it does once, whenever the host sees it and says so', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), acts => {
        const belief = new Belief()
        const sum: [number, number, number] = [0, 0, 0]
        /** What the host knows after each frame. */
        const known: [number, number, number][] = [[0, 0, 0]]
        let seen = 0
        for (const one of acts) {
          if (one.do === 'change') {
            belief.change(...one.by)
            for (const at of [0, 1, 2] as const) sum[at] += one.by[at]
          } else if (one.do === 'told') {
            belief.told(known.length)
            known.push([...sum])
          } else {
            if (seen < known.length - 1) seen++
            const [ready, delayed, leased] = known[seen] as [number, number, number]
            belief.hear(standing({ seen, ready, delayed, leased }))
          }
          expect([belief.ready, belief.delayed, belief.leased]).toEqual(sum)
        }
      }),
    )
  })

  it.each<[number, number, number]>([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ])('counts %i, %i, %i once, also when that was all', (ready, delayed, leased) => {
    const belief = new Belief()
    belief.change(ready, delayed, leased)
    belief.told(1)
    belief.hear(standing({ seen: 1, ready, delayed, leased }))
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([ready, delayed, leased])
  })

  it('is what the host says, and nothing else, over a new connection', () => {
    const belief = new Belief()
    belief.change(5, 6, 7)
    belief.told(1)
    belief.change(5, 6, 7)
    belief.forget()
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([0, 0, 0])
    belief.told(1)
    belief.hear(standing({ seen: 1, ready: 1, delayed: 2, leased: 3 }))
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([1, 2, 3])
  })

  it('has its own word on whether the queue is shut, until the host has heard it', () => {
    const belief = new Belief()
    expect(belief.shut).toBe(false)
    belief.shutting(true, 2)
    expect(belief.shut).toBe(true)
    belief.hear(standing({ seen: 1 }))
    expect(belief.shut).toBe(true)
    belief.hear(standing({ seen: 2 }))
    expect(belief.shut).toBe(false)
    belief.hear(standing({ seen: 3, shut: true }))
    expect(belief.shut).toBe(true)
    belief.shutting(false, 9)
    belief.forget()
    belief.hear(standing({ seen: 0, shut: true }))
    expect(belief.shut).toBe(false)
    belief.hear(standing({ seen: 1, shut: true }))
    expect(belief.shut).toBe(true)
  })

  it('takes the queue for full until it has settled something itself', () => {
    const belief = new Belief()
    expect(belief.full).toBe(false)
    belief.hear(standing({ seen: 0, leased: 2, full: true }))
    expect(belief.full).toBe(true)
    belief.change(0, 0, -1)
    expect(belief.full).toBe(false)
    belief.hear(standing({ seen: 0, leased: 2 }))
    belief.change(0, 0, 1)
    expect(belief.full).toBe(false)
  })
})

describe('what a client asks its host', () => {
  const lost = new Error('lost')
  const asking = (): { asks: Asks; sent: number[]; messages: ToHost[] } => {
    const messages: ToHost[] = []
    const sent: number[] = []
    const asks = new Asks(message => {
      messages.push(message)
      sent.push((message as { number: number }).number)
    })
    return { asks, sent, messages }
  }

  it('is so much at once, and the rest in order as answers come', async () => {
    const { asks, sent } = asking()
    const answers = Array.from({ length: QUESTIONS + 3 }, () => asks.ask('stat'))
    expect(asks.length).toBe(QUESTIONS + 3)
    expect(sent).toEqual(numbers(1, QUESTIONS))
    asks.answered({ type: 'answer', number: 2, value: 'two' })
    expect(sent).toEqual(numbers(1, QUESTIONS + 1))
    asks.answered({ type: 'answer', number: 2, value: 'again' })
    asks.answered({ type: 'answer', number: 99_999, value: 'nobody' })
    expect(sent).toEqual(numbers(1, QUESTIONS + 1))
    asks.answered({ type: 'answer', number: 1, error: lost })
    asks.answered({ type: 'answer', number: QUESTIONS + 1, value: 'last' })
    expect(sent).toEqual(numbers(1, QUESTIONS + 3))
    expect(await answers[1]).toBe('two')
    await expect(answers[0]).rejects.toBe(lost)
    asks.abandon(lost)
    expect(asks.length).toBe(0)
    await Promise.allSettled(answers)
    await expect(answers[2]).rejects.toBe(lost)
  })

  it('is asked again over a new connection, but for what was removed', async () => {
    const { asks, sent, messages } = asking()
    const parcel = new Uint8Array([1])
    const [stat, clear] = [asks.ask('stat', parcel), asks.ask('clear')]
    const others = Array.from({ length: QUESTIONS }, () => asks.ask('stat'))
    expect(messages.slice(0, 2)).toEqual([
      { type: 'ask', number: 1, what: 'stat', parcel },
      { type: 'ask', number: 2, what: 'clear' },
    ])
    sent.length = 0
    asks.again(lost)
    await expect(clear).rejects.toBe(lost)
    expect(sent).toEqual([1, ...numbers(3, QUESTIONS - 1)])
    asks.answered({ type: 'answer', number: 1, value: 1 })
    expect(sent).toEqual([1, ...numbers(3, QUESTIONS)])
    expect(await stat).toBe(1)
    asks.abandon(lost)
    await Promise.allSettled(others)
  })

  it('is answered in parts where a queue is cleared', async () => {
    const { asks } = asking()
    const clear = asks.ask('clear')
    for (const values of [[1, 2], [3]]) asks.part({ type: 'part', number: 1, parcel: parcelOf(values) })
    asks.part({ type: 'part', number: 7, parcel: parcelOf([4]) })
    asks.answered({ type: 'answer', number: 1, value: 'not this' })
    expect(await clear).toEqual([1, 2, 3])
  })
})

describe('the puts that a host has not confirmed', () => {
  const entry = new Entry<unknown>(0, 0, 0, 0, {})
  const parcel = (bytes: number) => ({ bytes: new Uint8Array(bytes), count: 1 })
  const add = (log: PutLog, bytes: number): number => log.add([entry], parcel(bytes)).number

  it('are so many at most, and so many bytes, but always one', () => {
    const log = new PutLog()
    expect(log.hasRoomFor(parcel(PUT_BYTES + 1))).toBe(true)
    add(log, PUT_BYTES - 1)
    expect([log.hasRoomFor(parcel(1)), log.hasRoomFor(parcel(2))]).toEqual([true, false])
    log.close(1)
    expect(log.hasRoomFor(parcel(PUT_BYTES + 1))).toBe(true)
    for (let left = PUTS; left > 0; left--) {
      expect(log.hasRoomFor(parcel(1))).toBe(true)
      add(log, 1)
    }
    expect(log.hasRoomFor(parcel(0))).toBe(false)
  })

  it('are closed one by one, or up to one, each once', () => {
    const log = new PutLog()
    expect(numbers(1, 5).map(() => add(log, 10))).toEqual(numbers(1, 5))
    expect([log.close(2), log.close(2), log.close(6)]).toEqual([true, false, false])
    expect([log.length, log.number, log.get(2), log.get(3)?.number]).toEqual([4, 5, undefined, 3])
    log.closeUpTo(3)
    expect([...log].map(({ number }) => number)).toEqual([4, 5])
    log.closeUpTo(9)
    expect([log.length, log.number, log.hasRoomFor(parcel(PUT_BYTES))]).toEqual([0, 5, true])
  })

  it('say how long what is delayed still has', () => {
    const log = new PutLog()
    const message = (due: number): unknown => {
      const put = log.add([new Entry<unknown>(0, 0, due, 3, {})], parcel(2))
      return putMessage(put)
    }
    expect(message(0)).toEqual({ type: 'put', number: 1, parcel: new Uint8Array(2), priority: 3, delay: 0 })
    expect(message(1)).toMatchObject({ delay: 1 })
    const { delay } = message(Date.now() + 60_000) as { delay: number }
    expect(delay).toBeGreaterThan(50_000)
    expect(delay).toBeLessThanOrEqual(60_000)
  })
})

describe('what a client has leased', () => {
  const received = (): { belief: Belief; window: LeaseWindow<number> } => {
    const belief = new Belief()
    const window = new LeaseWindow<number>(belief)
    window.receive({
      type: 'items',
      first: 10,
      parcel: parcelOf([0, 1, 2]),
      seqs: [5, 6, 7],
      attempts: [0, 2, 0],
    } as never)
    return { belief, window }
  }

  it('is taken in order, with what the host said of each', () => {
    const { window } = received()
    expect([window.received, window.bytesUntold, window.length]).toEqual([3, parcelOf([0, 1, 2]).length, 3])
    const [first] = window.take(1)
    const rest = window.take(9)
    const all = [first, ...rest]
    expect(all.map(lease => lease?.value)).toEqual([0, 1, 2])
    expect(all.map(lease => lease?.seq)).toEqual([5, 6, 7])
    expect(all.map(lease => lease?.attempt)).toEqual([0, 2, 0])
    expect(window.news()).toBe(undefined)
  })

  it('is settled once, and the host hears of each', () => {
    const { belief, window } = received()
    const [a, b, c] = window.take(3) as [never, never, never]
    for (const lease of [a, b, c]) window.handedOver(lease)
    expect([window.ack(a), window.ack(a), window.giveBack(a, 0)]).toEqual([true, false, false])
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([0, 0, -1])
    expect([window.giveBack(b, 0), window.giveBack(b, 0)]).toEqual([true, false])
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([1, 0, -2])
    expect(window.news()).toEqual({ type: 'settle', acked: [10], back: [[11, 2, 0]], handed: [12] })
    expect(window.news()).toBe(undefined)
    expect(window.giveBack(c, Date.now() + 60_000)).toBe(true)
    expect([belief.ready, belief.delayed, belief.leased]).toEqual([1, 1, -3])
    const delay = window.news()?.back[0]?.[2]
    expect(delay).toBeGreaterThan(50_000)
    expect(delay).toBeLessThanOrEqual(60_000)
  })

  it('is told of, however little there is to tell', () => {
    const { window } = received()
    const [a, b, c] = window.take(3) as [never, never, never]
    window.ack(a)
    window.handedOver(c)
    expect(window.news()).toMatchObject({ acked: [10], back: [], handed: [12] })
    window.giveBack(b, 0)
    window.ack(c)
    expect(window.news()).toMatchObject({ acked: [12], back: [[11, 2, 0]], handed: [] })
    expect(window.news()).toBe(undefined)
  })

  it('goes back, the latest first, where nobody wants so much', () => {
    const { window } = received()
    window.releaseBut(3)
    expect(window.news()).toBe(undefined)
    window.releaseBut(1)
    expect(window.length).toBe(1)
    expect(window.news()?.back.map(([id]) => id)).toEqual([12, 11])
  })

  it('is the host’s again when the connection is lost', () => {
    const { window } = received()
    const [a, b, c] = window.take(2) as [never, never, never]
    window.ack(a)
    window.handedOver(b)
    window.lose()
    expect([window.received, window.bytesUntold, window.length, window.news()]).toEqual([0, 0, 0, undefined])
    expect([window.ack(b), window.giveBack(b, 0)]).toEqual([false, false])
    expect(c).toBe(undefined)
  })
})

function standing(o: Partial<Standing>): Standing {
  return { type: 'standing', seen: 0, ready: 0, delayed: 0, leased: 0, shut: false, full: false, ...o }
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at)
}

function parcelOf(values: readonly unknown[]): Uint8Array {
  return packParcel(values.map(value => new Entry(value, 0, 0, 0, {}))).bytes
}
