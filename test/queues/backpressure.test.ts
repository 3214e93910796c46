import fc from 'fast-check'
import { fifoQueue } from 'queuelink'
import { map } from 'rxjs'
import { expect, it } from 'vitest'
import { turns } from './help.js'

it('never has more than prefetch + capacity items outside a, loses none, reorders none [P36] [P43] [Q3.1] [Q3.2]', async () => {
  const a = fifoQueue<number>()
  const b = fifoQueue<number>({ capacity: 100 })
  a.pipe(map(n => n * 2)).subscribe(b)
  const count = 20_000
  let next = 0
  let most = 0
  for (let put = 0; next < count; ) {
    for (let i = 0; i < 37 && put < count; i++) a.putNowait(put++)
    most = Math.max(most, put - next - a.size)
    for (let i = 0; i < 5 && b.size > 0; i++) expect(b.getNowait()).toBe(2 * next++)
    expect(b.size).toBeLessThanOrEqual(100)
  }
  expect(most).toBe(256 + 100)
  const { size, leased } = await a.stat()
  expect([size, leased, b.size]).toEqual([0, 0, 0])
})

/** What a test may do: put so many, take so many, let the event loop run, shut the reader's window. */
const step = fc.oneof(
  fc.record({ put: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ take: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ nack: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ turn: fc.constant(true) }),
)

it('behaves like an array behind a window, whatever the pattern of puts and takes [P36] [Q3.2] [Q11.1]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(step, { maxLength: 40 }),
      async (capacity, prefetch, room, steps) => {
        const a = fifoQueue<number>({ capacity: room })
        const b = fifoQueue<number>({ capacity })
        a.observe({ prefetch })
          .pipe(map(n => n + 1))
          .subscribe(b)
        const waiting: Promise<void>[] = []
        const seen: number[] = []
        let put = 0
        const check = () => {
          // The model: all items in a line; b holds the first ones, then come those out of a, then a, then the puts in line.
          const held = put - seen.length
          const inB = Math.min(held, capacity)
          const out = Math.min(held - inB, prefetch, room)
          expect(b.size).toBe(inB)
          expect(a.size).toBe(Math.min(held - inB - out, room - out))
        }
        for (const does of steps) {
          if ('put' in does) for (let i = 0; i < does.put; i++) waiting.push(a.put(put++))
          else if ('take' in does) for (let i = 0; i < does.take && b.size > 0; i++) seen.push(b.getNowait())
          else if ('turn' in does) await turns(1)
          else {
            // What is given back keeps its place.
            const deliveries = []
            for (let i = 0; i < does.nack && b.size > 0; i++) deliveries.push(await b.receive())
            for (const delivery of deliveries) await delivery.nack()
            await turns(2)
            while ((await b.stat()).resting > 0) await turns(1)
          }
          check()
        }
        while (b.size > 0) seen.push(b.getNowait())
        await Promise.all(waiting)
        expect(seen).toEqual(Array.from({ length: put }, (_, i) => i + 1))
        const { size, leased } = await a.stat()
        expect([size, leased]).toEqual([0, 0])
      },
    ),
    { numRuns: 150, seed: 42 },
  )
})
