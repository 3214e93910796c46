import { concatMap, filter, firstValueFrom, map, share, take as takeFirst, tap } from 'rxjs'
import { atOnce, drain, type Kit, take, turns, until } from './kit.js'

/** Q3, Q5: what follows an item down the call stack. */
export function receiptContract({ test, expect, can }: Kit): void {
  test('settles an item when the sink it reached has stored it, not before [Q3.1] [Q5.3]', async open => {
    const from = await open()
    const to = await open({ capacity: 1 })
    from.pipe(map(n => n * 10)).subscribe(to)
    await from.putBatch([1, 1])
    await until(() => from.metrics().acked === 1)
    await turns()
    expect((await from.stat()).leased).toBe(1)
    expect(await take(to, can)).toBe(10)
    await until(() => from.metrics().acked === 2)
    expect((await from.stat()).leased).toBe(0)
    expect(await take(to, can)).toBe(10)
  })

  test('settles an item when every sink it reached has stored it [Q3.1] [P44]', async open => {
    const from = await open()
    const roomy = await open()
    const narrow = await open({ capacity: 1 })
    const shared = from.pipe(share())
    shared.subscribe(roomy)
    shared.subscribe(narrow)
    await from.putBatch([1, 2])
    await until(() => from.metrics().acked === 1)
    await turns()
    expect([roomy.metrics().put, (await from.stat()).leased]).toEqual([2, 1])
    await take(narrow, can)
    await until(() => from.metrics().acked === 2)
    expect((await narrow.stat()).size).toBe(1)
  })

  test(
    'keeps the receipt of an item while another queue hands over within its call [Q3.1]',
    async open => {
      const [from, between, to] = [await open(), await open(), await open({ capacity: 1 })]
      await to.put(0)
      const seen: number[] = []
      between.deliveries().subscribe(delivery => {
        seen.push(delivery.value)
        void delivery.ack()
      })
      between.subscribe(value => seen.push(value))
      from.pipe(tap(value => atOnce(between).putNowait(value))).subscribe(to)
      await from.putBatch([1, 2])
      expect([seen.length, (await from.stat()).leased]).toEqual([2, 2])
    },
    can.process !== 'own' && 'its items come through another process',
  )

  test(
    'keeps the receipt of an item while another queue ends within its call [Q3.1]',
    async open => {
      const [from, between, to] = [await open(), await open(), await open({ capacity: 1 })]
      await to.put(0)
      let completed = false
      between.subscribe({ complete: () => (completed = true) })
      from.pipe(tap(() => void between.shutdown())).subscribe(to)
      await from.put(1)
      expect([completed, (await from.stat()).leased]).toEqual([true, 1])
    },
    can.process !== 'own' && 'its end comes through another process',
  )

  test('counts an item as stored as soon as its put resolves [Q5.1] [P19]', async open => {
    const queue = await open()
    await queue.put(1)
    expect((await queue.stat()).size).toBe(1)
    expect((await queue.receive()).value).toBe(1)
  })

  test('hands over no more while prefetch items are unsettled [Q3.2] [P36]', async open => {
    const from = await open()
    const to = await open({ capacity: 1 })
    let out = 0
    from
      .observe({ prefetch: 5 })
      .pipe(tap(() => out++))
      .subscribe(to)
    await from.putBatch(Array.from({ length: 20 }, (_, i) => i))
    await until(() => out >= 6)
    await turns()
    // One is stored, five wait for room.
    expect([out, (await from.stat()).size]).toEqual([6, 14])
    await take(to, can)
    await until(() => out >= 7)
    await turns()
    expect(out).toBe(7)
  })

  test('stops at 256 unsettled items by default [Q3.2]', async open => {
    const from = await open()
    const to = await open({ capacity: 1 })
    from.subscribe(to)
    await from.putBatch(Array.from({ length: 400 }, (_, i) => i))
    await until(() => from.metrics().handedOver >= 257)
    await turns()
    const { size, leased } = await from.stat()
    expect([from.metrics().handedOver, leased, size]).toEqual([257, 256, 143])
  })

  test('counts an item that a filter drops as consumed [Q3.4] [P42]', async open => {
    const from = await open()
    const to = await open()
    from
      .observe({ prefetch: 2 })
      .pipe(filter(n => n === 9))
      .subscribe(to)
    await from.putBatch(Array.from({ length: 10 }, (_, i) => i))
    expect(await take(to, can)).toBe(9)
    await until(() => from.metrics().acked === 10)
  })

  test('counts an item that a plain subscriber read as consumed [Q3.4]', async open => {
    const queue = await open()
    queue.subscribe(() => {})
    await queue.put(1)
    await until(() => queue.metrics().acked === 1)
    expect((await queue.stat()).leased).toBe(0)
  })

  test('gives firstValueFrom exactly one item [Q3.5]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1, 1])
    expect(await firstValueFrom(queue)).toBe(1)
    await until(() => queue.metrics().acked === 1)
    expect(await drain(queue, can)).toEqual([1, 1])
  })

  test('gives take(n) exactly n items [Q3.5] [P38]', async open => {
    const queue = await open()
    await queue.putBatch(Array.from({ length: 20 }, () => 1))
    let seen = 0
    queue.pipe(takeFirst(8)).subscribe(() => seen++)
    await until(() => seen === 8)
    await until(() => queue.metrics().acked === 8)
    expect((await queue.stat()).size).toBe(12)
  })

  test('counts an item in the custody of an operator as consumed [Q3.6]', async open => {
    const from = await open()
    const to = await open()
    from
      .observe({ prefetch: 1 })
      .pipe(concatMap(() => new Promise<number>(() => {})))
      .subscribe(to)
    await from.putBatch([1, 2, 3])
    await until(() => from.metrics().acked === 3)
    const { size, leased } = await from.stat()
    expect([size, leased]).toEqual([0, 0])
  })

  test('does not wait for the promise of a plain subscriber [Q3.7]', async open => {
    const queue = await open()
    let seen = 0
    queue.observe({ prefetch: 1 }).subscribe(async () => {
      seen++
      await new Promise(() => {})
    })
    await queue.putBatch([1, 2, 3])
    await until(() => seen === 3)
    await until(() => queue.metrics().acked === 3)
  })

  test('settles at once what a sink has, without waiting for more [Q5.4]', async open => {
    const from = await open()
    const to = await open()
    from.subscribe(to.sink())
    await from.put(1)
    await until(() => from.metrics().acked === 1)
    expect((await to.stat()).size).toBe(1)
  })
}
