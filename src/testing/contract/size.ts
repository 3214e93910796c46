import { atOnce, codeOf, codeThrown, drain, type Kit, NEEDS_SYNC, take, turns, until } from './kit.js'

/** Q11, Q12: bounds and batches. */
export function sizeContract({ test, expect, can }: Kit): void {
  const FULL = 'ERR_QUEUE_FULL'
  const onlySync = !can.sync && NEEDS_SYNC

  test('bounds ready, resting, delayed and leased items together [Q11.1]', async open => {
    const queue = await open({ capacity: 4 })
    await queue.putBatch([1, 1])
    const leased = await queue.receive()
    await (await queue.receive()).nack({ delay: 60_000 })
    await queue.putBatch([1, 1])
    expect(await codeOf(queue.put(1, { timeout: 0 }))).toBe(FULL)
    expect(queue.isFull).toBe(true)
    await leased.ack()
    await queue.put(1, { timeout: 0 })
    const { size, delayed, leased: out } = await queue.stat()
    expect([size, delayed, out]).toEqual([3, 1, 0])
  })

  test('takes a nacked item back although the queue is full [Q11.2]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1)
    const delivery = await queue.receive()
    const waiting = queue.put(2)
    await delivery.nack()
    expect(await take(queue, can)).toBe(1)
    await waiting
    expect(await take(queue, can)).toBe(2)
  })

  test('counts a resting item in size, and not as leased [Q11.3]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    expect((await queue.stat()).size).toBe(0)
    await delivery.nack()
    const { size, resting, leased } = await queue.stat()
    expect([size, leased, resting <= 1]).toEqual([1, 0, true])
  })

  test('does not count a delayed item in size before it is due [Q11.4]', async open => {
    const queue = await open()
    await queue.put(1, { delay: 60_000 })
    await queue.put(2)
    await (await queue.receive()).nack({ delay: 60_000 })
    const { size, delayed } = await queue.stat()
    expect([size, delayed]).toEqual([0, 2])
  })

  test('counts a delayed item in size once it is due, though nobody takes it [Q11.4]', async open => {
    const queue = await open()
    await queue.put(1, { delay: 5 })
    await new Promise(resolve => setTimeout(resolve, 10))
    const { size, delayed } = await queue.stat()
    expect([size, delayed]).toEqual([1, 0])
  })

  test(
    'finds at once what fell due while nobody looked [Q11.4]',
    async open => {
      const queue = atOnce(await open())
      await queue.put(1, { delay: 5 })
      await new Promise(resolve => setTimeout(resolve, 10))
      expect(queue.getNowait()).toBe(1)
    },
    onlySync,
  )

  test(
    'answers size exactly at the moment of reading [Q11.5] [P19]',
    async open => {
      const queue = atOnce(await open({ capacity: 2 }))
      const sizes = [queue.size]
      expect([queue.isEmpty, queue.isFull]).toEqual([true, false])
      queue.putNowait(1)
      sizes.push(queue.size)
      queue.putNowait(1)
      sizes.push(queue.size)
      expect([sizes, queue.isFull, queue.isEmpty, queue.capacity]).toEqual([[0, 1, 2], true, false, 2])
      queue.getNowait()
      expect([queue.size, queue.peek()]).toEqual([1, 1])
    },
    onlySync,
  )

  test(
    'refuses at once what does not fit [Q11.1]',
    async open => {
      const queue = atOnce(await open({ capacity: 1 }))
      queue.putNowait(1)
      expect(codeThrown(() => queue.putNowait(2))).toBe(FULL)
    },
    onlySync,
  )

  test(
    'refuses at once what does not fit, though somebody waits for an item [Q11.1]',
    async open => {
      const queue = atOnce(await open({ capacity: 1 }))
      queue.putNowait(1)
      const out = await queue.receive()
      const waiting = take(queue, can)
      await turns()
      expect([codeThrown(() => queue.putNowait(2)), queue.isFull]).toEqual([FULL, true])
      await out.ack()
      queue.putNowait(3)
      expect(await waiting).toBe(3)
    },
    onlySync,
  )

  test(
    'lets nobody pass a batch that waits, though somebody waits for an item [Q12.3]',
    async open => {
      const queue = atOnce(await open({ capacity: 2 }))
      queue.putNowait(1)
      const out = await queue.receive()
      const batch = queue.putBatch([2, 2])
      const waiting = take(queue, can)
      await turns()
      expect(codeThrown(() => queue.putNowait(3))).toBe(FULL)
      queue.next(4)
      expect((await queue.stat()).waitingPuts).toBe(2)
      await out.ack()
      await batch
      expect(await waiting).toBe(2)
      await until(() => queue.size === 2)
      expect((await drain(queue, can)).sort()).toEqual([2, 4])
    },
    onlySync,
  )

  test('waits for room [Q11.1]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1)
    let stored = false
    const waiting = queue.put(2).then(() => {
      stored = true
    })
    await turns()
    expect([stored, queue.metrics().put]).toEqual([false, 1])
    await take(queue, can)
    await waiting
    expect(queue.metrics().put).toBe(2)
  })

  test('stores all items of a batch together or none [Q12.2]', async open => {
    const queue = await open({ capacity: 3 })
    await queue.put(1)
    expect(await codeOf(queue.putBatch([2, 3, 4], { timeout: 5 }))).toBe(FULL)
    expect((await queue.stat()).size).toBe(1)
    await queue.putBatch([2, 3])
    expect((await drain(queue, can)).sort()).toEqual([1, 2, 3])
  })

  test('keeps the place in line of a batch that waits [Q12.3]', async open => {
    const queue = await open({ capacity: 3 })
    await queue.putBatch([1, 1])
    const stored: string[] = []
    const batch = queue.putBatch([2, 2]).then(() => stored.push('batch'))
    const single = queue.put(3).then(() => stored.push('single'))
    await turns()
    expect([stored, (await queue.stat()).size]).toEqual([[], 2])
    await take(queue, can)
    await batch
    await take(queue, can)
    await single
    expect(stored).toEqual(['batch', 'single'])
  })

  test('lets those behind a batch go on when it gives up [Q12.3]', async open => {
    const queue = await open({ capacity: 3 })
    await queue.putBatch([1, 1])
    const batch = codeOf(queue.putBatch([2, 2], { timeout: 5 }))
    const single = queue.put(3)
    expect(await batch).toBe(FULL)
    await single
    expect((await queue.stat()).size).toBe(3)
  })

  test('rejects a batch that can never fit, with nothing stored [Q12.4] [P25]', async open => {
    const queue = await open({ capacity: 2 })
    expect(await codeOf(queue.putBatch([1, 2, 3]))).toBe('ERR_ITEM_TOO_LARGE')
    expect((await queue.stat()).size).toBe(0)
    await queue.putBatch([1, 2])
  })

  test('resolves an empty batch at once, full or not, and whoever waits [Q12.5]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1)
    const waiting = queue.put(2)
    await queue.putBatch([])
    await until(() => queue.isFull)
    expect((await queue.stat()).waitingPuts).toBe(1)
    await take(queue, can)
    await waiting
  })

  test('takes at least one item and at most max [Q11.1]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1, 1])
    const settle = (items: number[]) => {
      if (can.joinable) for (const _ of items) queue.taskDone()
      return items.length
    }
    expect(settle(await queue.getBatch(2))).toBe(2)
    expect(settle(await queue.getBatch(2))).toBe(1)
    const waiting = queue.getBatch(5)
    await queue.put(1)
    expect(settle(await waiting)).toBe(1)
    const two = queue.getBatch(2)
    await queue.putBatch([1, 1, 1, 1])
    const had = settle(await two)
    expect([had === 1 || had === 2, (await queue.stat()).size]).toEqual([true, 4 - had])
    expect((await queue.stat()).leased).toBe(0)
  })

  test('passes nothing by an item that is delayed, beyond what the capacity allows [Q11.1]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1, { delay: 60_000 })
    const seen: number[] = []
    queue.subscribe(item => void seen.push(item))
    queue.sink().next(1)
    await turns()
    const { delayed, waitingPuts } = await queue.stat()
    expect([seen, delayed, waitingPuts]).toEqual([[], 1, 1])
  })

  test(
    'says of an item that is not there whether it may yet come [Q10.6] [Q8.1]',
    async open => {
      const queue = atOnce(await open())
      const codes = [codeThrown(() => queue.getNowait())]
      await queue.put(1)
      const delivery = await queue.receive()
      await queue.shutdown()
      codes.push(codeThrown(() => queue.getNowait()))
      await delivery.ack()
      codes.push(codeThrown(() => queue.getNowait()))
      expect(codes).toEqual(['ERR_QUEUE_EMPTY', 'ERR_QUEUE_EMPTY', 'ERR_QUEUE_CLOSED'])
    },
    onlySync,
  )
}
