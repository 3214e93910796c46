import { firstValueFrom } from 'rxjs'
import { atOnce, codeOf, codeThrown, failure, type Kit, NEEDS_SYNC, turns, until } from './kit.js'

/** Q15: joinable queues, and what the others say instead. */
export function joiningContract({ test, expect, can }: Kit): void {
  const joinable = !can.joinable && 'it is not joinable'

  test(
    'leases what get takes, and settles the oldest with each taskDone [Q15.1] [P13]',
    async open => {
      const queue = await open()
      await queue.putBatch([1, 1])
      await queue.get()
      await queue.get()
      expect([(await queue.stat()).leased, queue.metrics().acked]).toEqual([2, 0])
      queue.taskDone()
      await until(() => queue.metrics().acked === 1)
      queue.taskDone()
      await until(() => queue.metrics().acked === 2)
      expect((await queue.stat()).leased).toBe(0)
    },
    joinable,
  )

  test(
    'counts what a subscription or consume settles as done [Q15.2]',
    async open => {
      const queue = await open()
      await queue.putBatch([1, 2, 3])
      await firstValueFrom(queue)
      const abort = new AbortController()
      const done = failure(queue.consume(() => turns(1), { signal: abort.signal }))
      await queue.join()
      abort.abort()
      await done
      expect(queue.metrics().acked).toBe(3)
    },
    joinable,
  )

  test(
    'resolves join when no item is left undone [Q15.3]',
    async open => {
      const queue = await open()
      await queue.join()
      await queue.putBatch([1, 1])
      let joined = false
      const joining = queue.join().then(() => {
        joined = true
      })
      await queue.get()
      queue.taskDone()
      await queue.get()
      await turns()
      expect(joined).toBe(false)
      queue.taskDone()
      await joining
    },
    joinable,
  )

  test(
    'does not count a nacked item as done [Q15.3]',
    async open => {
      const queue = await open()
      await queue.put(1)
      let joined = false
      const joining = queue.join().then(() => {
        joined = true
      })
      await (await queue.receive()).nack({ delay: 5 })
      await turns()
      expect(joined).toBe(false)
      await (await queue.receive()).ack()
      await joining
    },
    joinable,
  )

  test(
    'gives up a join by timeout or signal [Q15.7] [Q13.7]',
    async open => {
      const queue = await open()
      await queue.put(1)
      expect(await codeOf(queue.join({ timeout: 5 }))).toBe('ERR_JOIN_TIMEOUT')
      const abort = new AbortController()
      const joining = failure(queue.join({ signal: abort.signal }))
      abort.abort('enough')
      expect(await joining).toBe('enough')
    },
    joinable,
  )

  test(
    'rejects a waiting join when the handle is closed [Q10.13] [P21]',
    async open => {
      const queue = await open()
      await queue.put(1)
      const joining = codeOf(queue.join())
      await queue.close()
      expect(await joining).toBe('ERR_QUEUE_CLOSED')
    },
    joinable,
  )

  test('throws at a taskDone too many [Q15.4] [P13]', async open => {
    const queue = await open()
    expect(codeThrown(() => queue.taskDone())).toBe('ERR_TASK_DONE')
    await queue.put(1)
    if (can.joinable) {
      await queue.get()
      queue.taskDone()
    }
    expect(codeThrown(() => queue.taskDone())).toBe('ERR_TASK_DONE')
  })

  test(
    'rejects join when it is not joinable [Q15.5]',
    async open => {
      expect(await codeOf((await open()).join())).toBe('ERR_NOT_JOINABLE')
    },
    can.joinable && 'it is joinable',
  )

  test(
    'rejects join inside a handler of its own, across await [Q15.6] [P17]',
    async open => {
      const queue = await open()
      const codes: unknown[] = []
      const done = queue.consume(async item => {
        if (item === 1) codes.push(await codeOf(queue.join()))
        await turns(1)
        if (item === 2) codes.push(await codeOf(queue.join()))
      })
      await queue.putBatch([1, 2])
      await queue.join()
      await queue.shutdown()
      await done
      expect(codes.sort()).toEqual(['ERR_DEADLOCK', 'ERR_DEADLOCK'])
    },
    joinable,
  )

  test(
    'allows join inside a handler of another queue [Q15.6]',
    async open => {
      const [one, other] = [await open(), await open()]
      await one.put(1)
      const done = one.consume(() => other.join())
      await one.shutdown()
      await done
      expect(one.metrics().acked).toBe(1)
    },
    joinable,
  )

  test(
    'settles at once what get takes when it is not joinable [Q15.1]',
    async open => {
      const queue = atOnce(await open())
      queue.putNowait(1)
      queue.getNowait()
      expect(queue.metrics().acked).toBe(1)
    },
    can.joinable ? 'it is joinable' : !can.sync && NEEDS_SYNC,
  )
}
