import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import {
  defineGraph,
  fifo,
  fifoQueue,
  file,
  GraphError,
  lifo,
  type QueueLink,
  runGraph,
  shared,
  sharedQueue,
  step,
} from 'queuelink'
import { map, Subject, toArray } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'

const steps = new URL('../fixtures/link-steps.js', import.meta.url)
const directory = await mkdtemp(join(tmpdir(), 'queuelink-graph-'))
const at = (name: string): string => join(directory, name)
afterAll(() => rm(directory, { recursive: true }))

/** What was thrown, in words. */
function refused(define: () => unknown): { code: string; message: string } {
  try {
    define()
  } catch (error) {
    expect(error).toBeInstanceOf(GraphError)
    return error as GraphError
  }
  throw new Error('nothing was thrown')
}

describe('defineGraph (L36)', () => {
  const queues = { a: fifo<string>(), b: fifo<string>(), c: fifo<string>(), d: fifo<string>() }
  const define = (links: unknown[], more: object = {}) =>
    refused(() => defineGraph({ name: 'g', queues: { ...queues, ...more }, links: links as never }))

  it.each([
    [[{ from: 'a', to: 'x' }], 'ERR_GRAPH_UNKNOWN', "link 1: to: 'x' is none of its queues: a, b, c, d"],
    [[{ from: ['a', 'x'], to: 'b' }], 'ERR_GRAPH_UNKNOWN', "link 1: from: 'x' is none"],
    [[{ from: 'toString', to: 'b' }], 'ERR_GRAPH_UNKNOWN', "'toString' is none"],
    [[{ to: 'b' }], 'ERR_GRAPH_UNKNOWN', 'link 1: from: nothing is none'],
    [[{ from: 'a', to: [] }], 'ERR_GRAPH_EMPTY', 'link 1: to is empty'],
    [[{ from: [], to: 'a' }], 'ERR_GRAPH_EMPTY', 'link 1: from is empty'],
    [[], 'ERR_GRAPH_EMPTY', "graph 'g' needs a list of links"],
    [[{ from: 'a', to: ['b', 'b'] }], 'ERR_GRAPH_TWICE', "link 1: to: 'b' comes twice"],
    [
      [
        { from: 'a', to: 'b' },
        { from: 'a', to: 'b' },
      ],
      'ERR_GRAPH_TWICE',
      "links 1 and 2 are both called 'a → b'",
    ],
    [[{ from: 'a', to: 'a' }], 'ERR_GRAPH_CIRCULAR', "has a circle: a → a, by 'a → a'"],
    [
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: ['c', 'd'] },
        { from: 'd', to: 'b', name: 'back' },
      ],
      'ERR_GRAPH_CIRCULAR',
      /has a circle: (b → d → b|d → b → d), by /,
    ],
    [[{ from: 'a', to: 'b', each: 'word' }], 'ERR_GRAPH', /link 1 \('a → b'\): .*must be a function or a step/],
    [[{ from: 'a', to: 'b', concurrency: 0 }], 'ERR_GRAPH', /link 1 \('a → b'\): concurrency must be a positive/],
    [
      [{ from: 'a', to: 'b', each: (x: string) => x, placement: 'process' }],
      'ERR_GRAPH_STEP',
      /cannot be sent to a child/,
    ],
    [
      [{ from: 'a', to: 'b', each: step(at('no.js'), 'f') }],
      'ERR_GRAPH_STEP',
      /each is 'f' of .*no\.js, which is not there/,
    ],
    [
      [{ from: 'a', to: 'b', each: (x: string) => x, through: map((x: string) => x) }],
      'ERR_GRAPH_STEP',
      "link 1 ('a → b') has both each and through",
    ],
    [[7], 'ERR_GRAPH', 'link 1 must be an object; 7 (number) came'],
    [[{ from: 'a', to: 'b', name: 7 }], 'ERR_GRAPH', "a link's name must be a text; 7 (number) came"],
  ])('refuses %j: %s', (links, code, message) => {
    expect(define(links)).toMatchObject({ code })
    if (typeof message === 'string') expect(define(links).message).toContain(message)
    else expect(define(links).message).toMatch(message)
  })

  it('refuses things that cannot be queues, the same thing under two names, and files in the middle', () => {
    expect(define([{ from: 'e', to: 'a' }], { e: 7 })).toMatchObject({
      code: 'ERR_GRAPH_ENDPOINT',
      message: /queue 'e'/,
    })
    expect(define([{ from: 'a', to: ['e', 'f'] }], { e: at('same'), f: file(at('./same')) })).toMatchObject({
      code: 'ERR_GRAPH_TWICE',
      message: "graph 'g', queue 'f' is the same thing as 'e'; declare it once",
    })
    const given = fifoQueue<string>()
    expect(define([{ from: 'e', to: 'f' }], { e: given, f: given })).toMatchObject({ code: 'ERR_GRAPH_TWICE' })
    const middle = [
      { from: 'a', to: 'e' },
      { from: 'e', to: 'b' },
    ]
    expect(define(middle, { e: at('middle') })).toMatchObject({
      code: 'ERR_GRAPH_ENDPOINT',
      message: /cannot be read while/,
    })
    const twice = [
      { from: 'a', to: 'e' },
      { from: 'b', to: 'e' },
    ]
    expect(define(twice, { e: at('twice') })).toMatchObject({ message: /written by 'a → e' and 'b → e'/ })
  })

  it('refuses what is no graph', () => {
    for (const graph of [undefined, 7, {}, { name: '' }, { name: 'g' }, { name: 'g', queues: [] }]) {
      expect(refused(() => defineGraph(graph as never)).message).toMatch(/a graph needs a name|needs queues/)
    }
  })

  it('lists links in the order of the flow, whatever the order in which they are written', () => {
    const graph = defineGraph({
      name: 'g',
      queues,
      links: [
        { from: 'c', to: 'd' },
        { from: 'b', to: 'c' },
        { from: 'a', to: 'b' },
      ],
    })
    expect(graph.links.map(({ name }) => name)).toEqual(['a → b', 'b → c', 'c → d'])
    expect(defineGraph(graph as never)).toEqual(graph)
  })
})

describe('runGraph', () => {
  it('moves what goes in to where it belongs, and ends with its sources', async () => {
    await writeFile(at('in.txt'), 'one\ntwo\nthree\n')
    const graph = defineGraph({
      name: 'words',
      queues: {
        lines: at('in.txt'),
        words: fifo<string>({ capacity: 1 }),
        stack: lifo<number>(),
        loud: file(at('out.txt')),
        seen: fifo<string>(),
      },
      links: [
        { from: 'words', to: ['loud', 'seen'], each: async word => word.toUpperCase() },
        { from: 'lines', to: 'words' },
        { from: 'seen', to: 'stack', through: map((word: string) => word.length) },
      ],
    })
    const { queues, done, status$ } = await runGraph(graph)
    const states = new Promise(resolve => status$.pipe(toArray()).subscribe(all => resolve(all.at(-1))))
    await done
    expect(await readFile(at('out.txt'), 'utf8')).toBe('ONE\nTWO\nTHREE\n')
    // It has ended for its readers too, and nobody but us reads it.
    expect(await queues.stack.getBatch(9)).toEqual([5, 3, 3])
    await expect(queues.stack.get()).rejects.toMatchObject({ code: 'ERR_QUEUE_CLOSED' })
    const links = { 'lines → words': { state: 'done' }, 'words → loud + seen': { state: 'done' } }
    expect(await states).toMatchObject({ state: 'done', links })
  })

  it('waits for all that write a queue before it ends for its readers (G1)', async () => {
    const graph = defineGraph({
      name: 'two writers',
      queues: { a: fifo<number>(), b: fifo<number>(), both: fifo<number>(), out: fifo<number>() },
      links: [
        { from: 'a', to: 'both' },
        { from: 'b', to: 'both' },
        { from: 'both', to: 'out' },
      ],
    })
    const { queues, links, done } = await runGraph(graph)
    await queues.a.put(1)
    await queues.a.shutdown()
    await links['a → both']?.done
    await queues.b.put(2)
    expect([await queues.out.get(), await queues.out.get()]).toEqual([1, 2])
    await queues.b.shutdown()
    await done
    expect(queues.both.closed).toBe(true)
  })

  it('leaves queues that it was given open, and ends when they are empty (G2)', async () => {
    const given = fifoQueue<number>()
    const graph = defineGraph({
      name: 'given',
      queues: { a: fifo<number>(), given, out: fifo<number>() },
      links: [
        { from: 'a', to: 'given' },
        { from: 'given', to: 'out' },
      ],
    })
    const running = await runGraph(graph)
    await running.queues.a.putBatch([1, 2, 3])
    await running.queues.a.shutdown()
    await running.done
    expect(await running.queues.out.getBatch(9)).toEqual([1, 2, 3])
    await running.close()
    expect(given.closed).toBe(false)
    await given.put(4)
    expect(await given.get()).toBe(4)
  })

  it('passes items through queues in shared memory, which stay when it ends (G2)', async () => {
    const name = `graph-test-${process.pid}`
    const graph = defineGraph({
      name: 'shared',
      queues: { a: fifo<number>(), middle: shared<number>(name, { capacity: 10 }), out: fifo<number>() },
      links: [
        { from: 'a', to: 'middle' },
        { from: 'middle', to: 'out', each: n => n * 2 },
      ],
    })
    expect(
      refused(() =>
        defineGraph({
          ...graph,
          queues: { ...graph.queues, other: shared(name) },
          links: [{ from: 'other', to: 'middle' }],
        }),
      ),
    ).toMatchObject({ code: 'ERR_GRAPH_TWICE' })
    const running = await runGraph(graph)
    try {
      await running.queues.a.putBatch(Array.from({ length: 100 }, (_, n) => n))
      await running.queues.a.shutdown()
      await running.done
      expect(running.metrics().queues.middle).toEqual({ kind: 'shared', size: 0, capacity: 10 })
      expect(await running.queues.out.getBatch(100)).toEqual(Array.from({ length: 100 }, (_, n) => n * 2))
      // For others, and for the next run, it goes on.
      expect(running.queues.middle.closed).toBe(false)
    } finally {
      await running.close()
      await (await sharedQueue(name)).unlink()
    }
  })

  it('runs steps in child processes', async () => {
    const graph = defineGraph({
      name: 'processes',
      queues: { a: fifo<string>(), b: fifo<string>(), c: fifo<string>() },
      links: [
        { from: 'a', to: 'b', each: step(steps, 'upper'), placement: 'process' },
        { from: 'b', to: 'c', each: step(steps, 'twoOf'), placement: 'process' },
      ],
    })
    await using running = await runGraph(graph)
    await running.queues.a.putBatch(['x', 'y'])
    await running.queues.a.shutdown()
    await running.done
    expect(await running.queues.c.getBatch(9)).toEqual(['X1', 'X2', 'Y1', 'Y2'])
  })

  it('fails with what failed first, names the link, and lets all others go (G3)', async () => {
    const graph = defineGraph({
      name: 'failing',
      queues: { a: fifo<number>(), b: fifo<number>({ maxAttempts: 1 }), c: fifo<number>() },
      links: [
        { from: 'a', to: 'b' },
        {
          from: 'b',
          to: 'c',
          name: 'breaker',
          each: n => {
            if (n === 2) throw new Error('two')
            return n
          },
        },
      ],
    })
    const running = await runGraph(graph)
    await running.queues.a.putBatch([1, 2, 3])
    const failure = await running.done.catch(error => error)
    expect(failure).toBeInstanceOf(GraphError)
    expect(failure).toMatchObject({ code: 'ERR_GRAPH_LINK', link: 'breaker', cause: { message: 'two' } })
    expect(failure.message).toBe("link 'breaker' of graph 'failing' failed: two")
    expect(Object.values(running.links).map(link => link.isAlive())).toEqual([false, false])
    expect((await running.stop()).left).toMatchObject({ b: 2, c: 1 })
  })

  it('says which end cannot be opened, and leaves nothing running (G5)', async () => {
    const graph = defineGraph({
      name: 'missing',
      queues: { a: fifo<string>(), in: at('missing.txt'), b: fifo<string>() },
      links: [
        { from: 'a', to: 'b' },
        { from: 'in', to: 'b' },
      ],
    })
    const failure = await runGraph(graph).catch(error => error)
    expect(failure).toMatchObject({ code: 'ERR_GRAPH_OPEN', link: 'in → b' })
    expect(failure.message).toMatch(/link 'in → b' of graph 'missing' cannot be made: .*missing\.txt/)
  })

  it('drains in the order of the flow when it is stopped, and says what is left (G4)', async () => {
    const began: string[] = []
    const graph = defineGraph({
      name: 'draining',
      queues: { a: fifo<number>(), b: fifo<number>(), c: fifo<number>() },
      links: [
        { from: 'a', to: 'b', each: async n => n },
        { from: 'b', to: 'c', each: n => new Promise<number>(resolve => setTimeout(resolve, 5, n)) },
      ],
    })
    const running = await runGraph(graph)
    const note = (name: string, link: QueueLink | undefined): void =>
      void link?.status$.subscribe(({ state }) => void (state === 'stopped' || state === 'done' ? began.push(name) : 0))
    for (const [name, link] of Object.entries(running.links)) note(name, link)
    await running.queues.a.putBatch([1, 2, 3, 4, 5])
    await running.queues.b.get()
    const report = await running.stop()
    expect(began).toEqual(['a → b', 'b → c'])
    expect(report.forced).toBe(false)
    const { a = 0, b, c = 0 } = report.left
    expect(b).toBe(0)
    expect(a + c + 1).toBe(5)
    expect(report.links['b → c']?.moved).toBe(c)
    await running.done
  })

  it('comes back by its timeout when a destination is full, and says so (G4)', async () => {
    const graph = defineGraph({
      name: 'full',
      queues: { a: fifo<number>(), b: fifo<number>(), c: fifo<number>({ capacity: 1 }) },
      links: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
      ],
    })
    const running = await runGraph(graph)
    await running.queues.a.putBatch([1, 2, 3])
    const report = await running.stop({ timeout: 50 })
    expect(report).toMatchObject({ forced: true, left: { a: 0, c: 1 } })
  })

  it('lets go when its signal aborts, and rejects with the reason', async () => {
    const abort = new AbortController()
    const graph = defineGraph({ name: 'g', queues: { a: fifo(), b: fifo() }, links: [{ from: 'a', to: 'b' }] })
    const running = await runGraph(graph, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(running.done).rejects.toThrow('enough')
    await expect(runGraph(graph, { signal: abort.signal })).rejects.toThrow('enough')
  })

  it('takes Observables and Observers as well', async () => {
    const source = new Subject<number>()
    const seen: number[] = []
    const graph = defineGraph({
      name: 'rx',
      queues: { source, seen: { next: (n: number) => void seen.push(n) } },
      links: [{ from: 'source', to: 'seen', each: n => n + 1 }],
    })
    const { done, links } = await runGraph(graph)
    await new Promise<void>(resolve =>
      links['source → seen']?.status$.subscribe(s => s.state === 'running' && resolve()),
    )
    source.next(1)
    source.complete()
    await done
    expect(seen).toEqual([2])
  })

  it('runs twice', async () => {
    const graph = defineGraph({
      name: 'g',
      queues: { a: fifo<number>(), b: fifo<number>() },
      links: [{ from: 'a', to: 'b' }],
    })
    await using one = await runGraph(graph)
    await using two = await runGraph(graph)
    await one.queues.a.put(1)
    await two.queues.a.put(2)
    expect([await one.queues.b.get(), await two.queues.b.get()]).toEqual([1, 2])
  })
})
