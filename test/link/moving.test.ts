import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { fifoQueue, type LinkStatus, link, QueueLink, step } from 'queuelink'
import { config, map, of, Subject, take as takeOnly } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf, leavesNothing, PLACEMENTS, range, STEPS, take, until, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

describe.each(PLACEMENTS)('a link placed %s', placement => {
  it.concurrent('[L1] moves one queue to another, in order', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 2000))
    await using _link = link(source, destination, { placement })
    expect(await take(destination, 2000)).toEqual(range(0, 2000))
    await until(() => source.metrics().acked === 2000)
  })

  it.concurrent('[L1][L11] brings every item of many sources to each of many destinations', async () => {
    const sources = [fifoQueue<string>(), fifoQueue<string>(), fifoQueue<string>()]
    const destinations = [fifoQueue<string>(), fifoQueue<string>({ capacity: 3 })]
    const linked = link(sources, destinations, { placement })
    for (const [s, source] of sources.entries()) for (const n of range(0, 200)) await source.put(`${s}:${n}`)
    const arrived = await Promise.all(destinations.map(destination => take(destination, 600)))
    for (const items of arrived) {
      for (const s of [0, 1, 2]) {
        expect(items.filter(item => item.startsWith(`${s}:`))).toEqual(range(0, 200).map(n => `${s}:${n}`))
      }
    }
    for (const source of sources) await source.shutdown()
    await linked.done
    expect(linked.metrics()).toMatchObject({ items: 600, settled: 600, unsettled: 0, restarts: 0 })
    expect(linked.metrics().sources.map(({ settled }) => settled)).toEqual([200, 200, 200])
    expect(linked.metrics().destinations.map(({ items }) => items)).toEqual([600, 600])
  })

  it.concurrent('[L11][L12][P2] serves three destinations of which one is slow, within its window', async () => {
    const source = fifoQueue<number>()
    const fast = [fifoQueue<number>(), fifoQueue<number>()] as const
    const slow = fifoQueue<number>({ capacity: 1 })
    await source.putBatch(range(0, 300))
    const linked = link(source, [fast[0], slow, fast[1]], { placement, prefetch: 16 })
    let mostOut = 0
    const arrived: number[] = []
    while (arrived.length < 300) {
      arrived.push(await slow.get({ timeout: 15_000 }))
      mostOut = Math.max(mostOut, (await source.stat()).leased)
    }
    expect(arrived).toEqual(range(0, 300))
    for (const queue of fast) expect(await take(queue, 300)).toEqual(range(0, 300))
    expect(mostOut).toBeLessThanOrEqual(16)
    expect(mostOut).toBeGreaterThan(1)
    await linked.stop()
  })

  it.concurrent('[L1] links Observables, Subjects and streams', async () => {
    const subject = new Subject<string>()
    const readable = Readable.from(['from a\nstr', 'eam\n'], { objectMode: false })
    const seen: string[] = []
    const other = new Subject<string>()
    other.subscribe(value => void seen.push(value))
    const writable = new PassThrough()
    const linked = link([of('from of'), subject, readable], [other, writable], { placement })
    setImmediate(() => {
      subject.next('from a subject')
      subject.complete()
    })
    await linked.done
    const expected = ['from a', 'from a subject', 'from of', 'stream']
    expect(seen.sort()).toEqual(expected)
    expect((writable.read() as Buffer).toString().trim().split('\n').sort()).toEqual(expected)
    expect(writable.writableEnded).toBe(true)
  })

  it.concurrent('[L12] settles the items of a queue behind an Observable when they are stored', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>({ capacity: 2 })
    await source.putBatch(range(0, 20))
    const linked = link(source.pipe(map(n => n + 100)), destination, { placement, prefetch: 4 })
    expect(await take(destination, 3)).toEqual([100, 101, 102])
    await linked.stop({ drain: false, timeout: 0 })
    await until(() => source.size + source.metrics().acked === 20)
    expect(source.metrics().acked).toBeLessThanOrEqual(3 + 2)
    const left = source.size
    expect(await take(source, left)).toEqual(range(20 - left, 20))
  })

  it.concurrent('[L2] reads and writes paths and URLs, with the format that their extension tells', async () => {
    const dir = workDir()
    writeFileSync(join(dir, 'in.txt'), 'one\ntwo\n')
    writeFileSync(join(dir, 'in.jsonl'), '{"n":1}\n{"n":2}\n')
    const text = link(join(dir, 'in.txt'), pathToFileURL(join(dir, 'out.txt')), { placement })
    const json = link(pathToFileURL(join(dir, 'in.jsonl')), join(dir, 'out.ndjson'), { placement })
    await Promise.all([text.done, json.done])
    expect(readFileSync(join(dir, 'out.txt'), 'utf8')).toBe('one\ntwo\n')
    expect(readFileSync(join(dir, 'out.ndjson'), 'utf8')).toBe('{"n":1}\n{"n":2}\n')
    expect(text.metrics()).toMatchObject({ items: 2, settled: 2, bytes: 8 })
  })

  it.concurrent('[L3] replaces a file, or writes after what it holds', async () => {
    const dir = workDir()
    const replaced = join(dir, 'replaced.txt')
    const appended = join(dir, 'appended.txt')
    writeFileSync(replaced, 'old\n')
    writeFileSync(appended, 'old\n')
    await link(of('new'), [replaced, { path: appended, append: true }], { placement }).done
    expect(readFileSync(replaced, 'utf8')).toBe('new\n')
    expect(readFileSync(appended, 'utf8')).toBe('old\nnew\n')
  })

  it.concurrent('[L17] leaves destinations open when its sources end, unless closeOnComplete is set', async () => {
    const open = fifoQueue<number>()
    const shut = fifoQueue<number>()
    let completed = 0
    const observer = { next: () => {}, complete: () => void completed++ }
    await link(of(1), [open, observer], { placement }).done
    expect([open.closed, completed]).toEqual([false, 0])
    await link(of(1), [shut, observer], { placement, closeOnComplete: true }).done
    expect([shut.closed, completed, await shut.get()]).toEqual([true, 1, 1])
  })

  it.concurrent('[L8][L9] takes more sources and destinations while it runs', async () => {
    const first = fifoQueue<number>()
    const late = fifoQueue<number>()
    const destination = fifoQueue<number>()
    const lateDestination = fifoQueue<number>()
    await using linked = link(first, destination, { placement })
    await first.put(1)
    expect(await destination.get({ timeout: 15_000 })).toBe(1)
    linked.write(lateDestination)
    await late.putBatch([2, 3])
    linked.read(late)
    expect(await take(lateDestination, 2)).toEqual([2, 3])
    expect(await take(destination, 2)).toEqual([2, 3])
    await first.put(4)
    expect([await destination.get(), await lateDestination.get({ timeout: 15_000 })]).toEqual([4, 4])
    expect(linked.metrics()).toMatchObject({ items: 4, restarts: 0 })
  })

  it.concurrent('[L8] takes more endpoints while it starts', async () => {
    const [a, b, c, d] = [fifoQueue<number>(), fifoQueue<number>(), fifoQueue<number>(), fifoQueue<number>()]
    await using linked = link(a, c, { placement })
    await Promise.resolve()
    linked.read(b)
    linked.write(d)
    await b.put(1)
    expect([await c.get({ timeout: 15_000 }), await d.get({ timeout: 15_000 })]).toEqual([1, 1])
  })

  it.concurrent('[P6] knows before its start that it is not alive, and takes its ends one by one', async () => {
    const linked = new QueueLink({ placement, name: 'moving' })
    expect([linked.isAlive(), linked.name]).toEqual([false, 'moving'])
    expect(linked.metrics()).toMatchObject({ items: 0, sources: [], destinations: [] })
    const source = fifoQueue<number>({ name: 'from' })
    linked.read(source)
    expect(linked.isAlive()).toBe(false)
    const destination = fifoQueue<number>({ name: 'to' })
    linked.write(destination)
    await source.put(1)
    expect(await destination.get({ timeout: 15_000 })).toBe(1)
    expect(linked.isAlive()).toBe(true)
    expect([linked.metrics().sources[0]?.name, linked.metrics().destinations[0]?.name]).toEqual(['from', 'to'])
    await linked.stop()
    expect(linked.isAlive()).toBe(false)
  })

  it.concurrent('[L25] tells its states, its placement and why', async () => {
    const states: LinkStatus[] = []
    const linked = link(of(1), fifoQueue<number>(), { placement })
    linked.status$.subscribe(status => void states.push(status))
    await linked.done
    expect(states.map(({ state }) => state).slice(-2)).toEqual(['running', 'done'])
    expect(states.at(-2)).toMatchObject({ placement, why: 'as asked for' })
    expect(typeof states.at(-2)?.pid).toBe(placement === 'process' ? 'number' : 'undefined')
  })

  it.concurrent('[L32] is done when all sources have ended and everything is stored, not before', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 1 })
    await source.putBatch([1, 2])
    await source.shutdown()
    const linked = link(source, full, { placement })
    let done = false
    void linked.done.then(() => {
      done = true
    })
    await until(() => full.size === 1)
    expect(done).toBe(false)
    expect(await take(full, 2)).toEqual([1, 2])
    await linked.done
  })

  it.concurrent('[L32] is done at once with sources that hold nothing', async () => {
    const source = fifoQueue<number>()
    await source.shutdown()
    const file = join(workDir(), 'empty')
    await link(source, file, { placement }).done
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  it.concurrent('[L37] refuses more endpoints when it has ended', async () => {
    const linked = link(of(1), fifoQueue<number>(), { placement })
    await linked.done
    const late = fifoQueue<number>()
    await late.put(1)
    for (const add of [() => linked.read(late), () => linked.write(late)]) {
      expect(add).toThrow(expect.objectContaining({ code: 'ERR_LINK_ENDED' }))
    }
    expect(late.size).toBe(1)
  })

  it.concurrent('[L38] ends when through wants no more, and leaves the rest in the source', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 1000))
    const through = placement === 'inline' ? takeOnly(3) : step(STEPS, 'firstThree')
    await link(source, destination, { placement, through }).done
    expect(await take(destination, 3)).toEqual([0, 1, 2])
    expect(destination.size).toBe(0)
    expect(await take(source, 997)).toEqual(range(3, 1000))
  })
})

it('[L3] keeps compressed files in this process, where they outlive a child', async () => {
  const dir = workDir()
  const [plain, packed, back] = [join(dir, 'plain.ndjson'), join(dir, 'packed.ndjson.gz'), join(dir, 'back.ndjson')]
  writeFileSync(plain, '{"n":1}\n{"n":2}\n')
  const packing = link(plain, packed)
  const placements: string[] = []
  packing.status$.subscribe(({ state, placement }) => state === 'running' && placements.push(placement))
  await packing.done
  await link(packed, back, { placement: 'process' }).done
  expect([placements, readFileSync(back, 'utf8')]).toEqual([['inline'], '{"n":1}\n{"n":2}\n'])
})

it('[L24][L25] chooses a child process where everything can be opened there, and says why', async () => {
  const dir = workDir()
  writeFileSync(join(dir, 'in'), 'a\n')
  const why = async (linked: QueueLink): Promise<LinkStatus> => {
    let last: LinkStatus | undefined
    linked.status$.subscribe(status => {
      if (status.state === 'running') last = status
    })
    await linked.done
    return last as LinkStatus
  }
  const files = link(join(dir, 'in'), join(dir, 'out'), { through: step(STEPS, 'even') })
  expect(await why(files)).toMatchObject({ placement: 'process', why: expect.stringContaining('child') })
  const queue = link(join(dir, 'in'), fifoQueue({ name: 'mine' }))
  expect(await why(queue)).toMatchObject({ placement: 'inline', why: expect.stringContaining('mine') })
  const closure = link(join(dir, 'in'), join(dir, 'out'), { each: (line: string) => line })
  expect(await why(closure)).toMatchObject({ placement: 'inline', why: expect.stringContaining('function') })
})

it('[L33] reports a failure that nobody asked for through the unhandled-error path of RxJS', async () => {
  const before = config.onUnhandledError
  const unseen: unknown[] = []
  config.onUnhandledError = error => void unseen.push(error)
  try {
    const failing = (): Subject<number> => {
      const subject = new Subject<number>()
      setImmediate(() => subject.error(new Error('broken')))
      return subject
    }
    link(failing(), fifoQueue())
    await until(() => unseen.length > 0)
    expect(unseen).toEqual([new Error('broken')])
    expect((await failureOf(link(failing(), fifoQueue()).done)).message).toBe('broken')
    link(failing(), fifoQueue()).status$.subscribe()
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(unseen).toHaveLength(1)
  } finally {
    config.onUnhandledError = before
  }
})
