import { fifoQueue } from 'queuelink'
import { runMarbles } from 'queuelink/testing'
import { concatMap, from, interval, map, NEVER, of } from 'rxjs'
import { expect, it } from 'vitest'

const messageOf = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing was thrown'
}

it('says in which frame marbles differ, and throws from the line that stated them [P41]', () => {
  let failure: Error | undefined
  try {
    runMarbles(({ cold, expectObservable }) => {
      expectObservable(cold('-a-|')).toBe('-a-|')
      expectObservable(cold('-a-b-|', { a: 1, b: { n: 2 } })).toBe('-a--b|', { a: 1, b: { n: 3 } })
    })
  } catch (error) {
    failure = error as Error
  }
  expect(failure?.message.split('\n')).toEqual([
    'marbles differ from frame 3 on',
    '  frame   expected   came',
    '  1       1          1',
    '> 3                  { n: 2 }',
    '> 4       { n: 3 }',
    '  5       |          |',
  ])
  expect(failure?.stack).toMatch(/\n\s+at .*marbles\.test\.ts/)
})

it('sees what comes, and what is missing, beyond frame 750 [P41]', () => {
  runMarbles(({ cold, expectObservable }) => expectObservable(cold('a 9s b|')).toBe('a 9s b|'))
  const message = messageOf(() =>
    runMarbles(({ cold, expectObservable }) => expectObservable(cold('a')).toBe('a 9s b')),
  )
  expect(message).toContain('9001')
})

it('shows subscriptions and errors in the same way', () => {
  const late = messageOf(() =>
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--#', undefined, new TypeError('no'))
      expectObservable(source).toBe('--#', undefined, new TypeError('no'))
      expectSubscriptions(source.subscriptions).toBe('^---!')
    }),
  )
  expect(late).toContain('> 2                  !')
  const error = messageOf(() => runMarbles(({ expectObservable }) => expectObservable(of(1)).toBe('#')))
  expect(error).toContain("#('error')")
})

it('takes another assertion in place of its own', () => {
  const seen: unknown[] = []
  runMarbles(({ cold, expectObservable }) => expectObservable(cold('a')).toBe('b'), {
    assert: (actual, expected) => seen.push(actual, expected),
  })
  expect(seen).toHaveLength(2)
})

it('ends a test in which something goes on for ever', () => {
  const run = () => runMarbles(({ expectObservable }) => expectObservable(interval(9)).toBe('-'), { maxFrames: 100 })
  expect(run).toThrow('went past frame 100')
})

it('refuses to be awaited, since promises are not virtual [P41]', () => {
  expect(() => runMarbles(async () => {})).toThrow('synchronous')
})

it('puts waits, rests and delays of queues into virtual time, and takes them out again', async () => {
  const queue = fifoQueue<string>()
  runMarbles(({ cold, expectObservable }) => {
    const delayed = fifoQueue<string>()
    cold('            -a-----').subscribe(item => void delayed.put(item, { delay: 4 }))
    const expected = '-----a-'
    expectObservable(delayed).toBe(expected)
    const times = fifoQueue<string>()
    cold('            ---a').subscribe(times)
    expectObservable(times.deliveries().pipe(map(({ enqueuedAt }) => enqueuedAt))).toBe('---t', { t: 3 })
    expectObservable(NEVER).toBe('-')
  })
  const before = Date.now()
  await queue.put('x')
  expect((await queue.receive()).enqueuedAt).toBeGreaterThanOrEqual(before - 50)
})

it('records what becomes of drawn deliveries, each once', () => {
  runMarbles(({ hotDeliveries, expectObservable }) => {
    const source = hotDeliveries('-a-b-c-')
    const acks = '                -a---c-'
    const nacks = '               ---b---'
    const settled = source.pipe(
      concatMap(delivery => {
        if (delivery.value === 'a') void delivery.ack()
        if (delivery.value === 'b') void delivery.nack({ reason: 'why' })
        delivery.ack().catch(() => {})
        return from(delivery.value === 'b' ? [source.reasons.get('b')] : [])
      }),
    )
    expectObservable(settled).toBe('---b', { b: 'why' })
    expectObservable(source.acks).toBe(acks)
    expectObservable(source.nacks).toBe(nacks)
  })
})
