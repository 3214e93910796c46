import { codeOf, failure, type Kit, take, turns, until } from './kit.js'

const broken = new Error('broken')

/** Q8.9 to Q8.12: what becomes of an item that fails again and again. */
export function attemptContract({ test, expect, can }: Kit): void {
  test('moves an item that has used up its attempts to the dead letter [Q8.9]', async open => {
    const dead = await open()
    const queue = await open({ maxAttempts: 3, deadLetter: dead })
    let seen = 0
    const done = queue.consume(() => {
      seen++
      throw broken
    })
    await queue.put(1)
    expect([await take(dead, can), seen]).toEqual([1, 3])
    await until(() => queue.metrics().deadLettered === 1)
    await queue.shutdown()
    await done
  })

  test('allows 16 attempts by default [Q8.9]', async open => {
    const dead = await open()
    const queue = await open({ deadLetter: dead })
    await queue.put(1)
    // Nacked with a delay, it rests no longer than that.
    for (let i = 1; i < 16; i++) await (await queue.receive()).nack({ delay: 0 })
    const last = await queue.receive()
    expect([last.attempt, (await dead.stat()).size]).toEqual([16, 0])
    await last.nack({ delay: 0 })
    expect(await take(dead, can)).toBe(1)
  })

  test('gives the dead letter headers that tell its history [Q8.10]', async open => {
    const dead = await open()
    const queue = await open({ maxAttempts: 1, deadLetter: dead, name: 'orders' })
    await queue.put(1, { headers: { trace: 'abc' } })
    await (await queue.receive()).nack({ reason: broken })
    const letter = await dead.receive()
    const { trace, 'x-attempts': attempts, 'x-reason': reason, 'x-queue': name } = letter.headers
    expect([trace, attempts, reason, name]).toEqual(['abc', '1', 'Error: broken', queue.name])
  })

  test('gives the dead letter whatever the reason was, or says that there was none [Q8.10]', async open => {
    const dead = await open()
    const queue = await open({ maxAttempts: 1, deadLetter: dead })
    for (const reason of ['late', undefined]) {
      await queue.put(1)
      await (await queue.receive()).nack({ reason })
    }
    const reasons = [(await dead.receive()).headers['x-reason'], (await dead.receive()).headers['x-reason']]
    expect(reasons.sort()).toEqual(['late', 'no reason given'])
  })

  test('acks the original only once its dead letter is stored [Q8.11]', async open => {
    const dead = await open({ capacity: 1 })
    const queue = await open({ maxAttempts: 1, deadLetter: dead })
    await dead.put(0)
    await queue.put(1)
    await (await queue.receive()).nack()
    await turns()
    expect([(await queue.stat()).leased, queue.metrics().acked]).toEqual([1, 0])
    expect(await take(dead, can)).toBe(0)
    expect(await take(dead, can)).toBe(1)
    await until(() => queue.metrics().acked === 1)
  })

  test('gives the item back when its dead letter cannot be stored [Q8.15]', async open => {
    const dead = await open()
    const queue = await open({ maxAttempts: 1, deadLetter: dead })
    await dead.shutdown()
    await queue.put(1)
    await (await queue.receive()).nack()
    expect((await queue.receive()).attempt).toBe(2)
  })

  test('ends consume with the last reason when attempts are used up, and keeps the item [Q8.12]', async open => {
    const queue = await open({ maxAttempts: 2 })
    const done = queue.consume(() => {
      throw broken
    })
    await queue.put(1)
    expect([await failure(done), (await queue.stat()).size]).toEqual([broken, 1])
  })

  test('ends consume by the first of several items that have used up their attempts [Q8.12]', async open => {
    const queue = await open({ maxAttempts: 1 })
    const fail: ((reason: unknown) => void)[] = []
    const done = failure(queue.consume(() => new Promise((_, reject) => fail.push(reject)), { concurrency: 3 }))
    await queue.putBatch([1, 2, 3])
    await until(() => fail.length === 3)
    for (const [at, reason] of ['first', 'second', 'third'].entries()) {
      fail[at]?.(reason)
      await turns()
    }
    expect([await done, (await queue.stat()).size]).toEqual(['first', 3])
  })

  test('ends a subscription with the last reason when attempts are used up [Q8.12]', async open => {
    const queue = await open({ maxAttempts: 2 })
    let ended: unknown
    queue.deliveries().subscribe({
      next: delivery => void delivery.nack({ reason: broken }),
      error: error => {
        ended = error
      },
    })
    await queue.put(1)
    await until(() => ended !== undefined)
    expect([ended, (await queue.stat()).size]).toEqual([broken, 1])
  })

  test('hands an item that stayed to the next consumer [Q8.13]', async open => {
    const queue = await open({ maxAttempts: 1 })
    await queue.put(1)
    await failure(queue.consume(() => Promise.reject(broken)))
    const delivery = await queue.receive()
    expect([delivery.value, delivery.attempt]).toEqual([1, 2])
    await delivery.ack()
  })

  test('names the attempts when there was no reason [Q8.12] [Q16.1]', async open => {
    const queue = await open({ maxAttempts: 1 })
    await queue.put(1)
    expect(await codeOf(queue.consume((_, delivery) => delivery.nack()))).toBe('ERR_ATTEMPTS')
  })

  test('moves an item nacked with requeue: false to the dead letter [Q8.14]', async open => {
    const dead = await open()
    const queue = await open({ deadLetter: dead })
    await queue.put(1)
    await (await queue.receive()).nack({ requeue: false })
    expect(await take(dead, can)).toBe(1)
  })

  test('discards and counts an item nacked with requeue: false without a dead letter [Q8.14]', async open => {
    const queue = await open()
    await queue.put(1)
    await (await queue.receive()).nack({ requeue: false })
    await turns()
    const { size, leased } = await queue.stat()
    expect([size, leased, queue.metrics().discarded]).toEqual([0, 0, 1])
  })
}
