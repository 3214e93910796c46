import { defineGraph, durable, fifo, fifoQueue, file, shared, step } from 'queuelink'
import { marbleGraph, runMarbles } from 'queuelink/testing'
import { filter, map, timer } from 'rxjs'
import { describe, it } from 'vitest'

const later = (ms: number) => (item: string) => timer(ms).pipe(map(() => item))
const steps = new URL('../test/fixtures/link-steps.js', import.meta.url)
const closing = { closeOnComplete: true }

describe('a graph in virtual time (G7)', () => {
  // The very graph that runs over files and shared memory elsewhere.
  const graph = defineGraph({
    name: 'orders',
    queues: {
      lines: file('orders.txt'),
      orders: shared<string>('orders', { capacity: 2 }),
      large: durable<string>('./large'),
      audit: 'audit.txt',
      done: fifo<string>(),
    },
    links: [
      { from: 'lines', to: 'orders', through: filter((line: string) => line !== '-') },
      {
        from: 'orders',
        to: ['large', 'audit'],
        each: step(steps, 'upper'),
        placement: 'process',
      },
      { from: 'large', to: 'done', each: step(steps, 'threeLater'), workers: 2, placement: 'process' },
    ],
  })

  it('moves what comes in the frame in which it comes, and works on it for as long as a step takes', async () => {
    const ready = await marbleGraph(graph)
    runMarbles(({ cold, expectObservable }) => {
      const { queues } = ready.run()
      cold('            a--b--x--|').subscribe(queues.lines.sink(closing))
      const audit = '   A--B--X--|'
      const done = '    ---A--B--(X|)'
      expectObservable(queues.audit).toBe(audit)
      expectObservable(queues.done).toBe(done)
    })
  })

  it('works on as many at a time as it has workers', async () => {
    const ready = await marbleGraph(graph)
    runMarbles(({ cold, expectObservable }) => {
      const { queues } = ready.run()
      cold('            a-b-c-d').subscribe(queues.lines)
      const done = '    ---A-B-C-D'
      expectObservable(queues.done).toBe(done)
    })
    const one = { ...graph, links: graph.links.map(link => ({ ...link, options: { ...link.options, workers: 1 } })) }
    const alone = await marbleGraph(one)
    runMarbles(({ cold, expectObservable }) => {
      const { queues } = alone.run()
      cold('            a-b-c-d').subscribe(queues.lines)
      const done = '    ---A--B--C--D'
      expectObservable(queues.done).toBe(done)
    })
  })

  it('is held back by a destination that is full', async () => {
    const full = defineGraph({
      name: 'full',
      queues: { a: fifo<string>(), b: fifo<string>({ capacity: 1 }), given: fifoQueue<string>() },
      links: [
        { from: 'a', to: 'b', prefetch: 1 },
        { from: 'b', to: 'given', each: later(2), prefetch: 1 },
      ],
    })
    const ready = await marbleGraph(full)
    runMarbles(({ cold, expectObservable }) => {
      const { queues } = ready.run()
      cold('            (abc)').subscribe(queues.a)
      const expected = '--a-b-c'
      expectObservable(queues.given).toBe(expected)
    })
  })

  it('ends a queue for its readers when all that write it are done', async () => {
    const two = defineGraph({
      name: 'two',
      queues: { a: fifo<string>(), b: fifo<string>(), both: fifo<string>() },
      links: [
        { from: 'a', to: 'both' },
        { from: 'b', to: 'both' },
      ],
    })
    const ready = await marbleGraph(two)
    runMarbles(({ cold, expectObservable }) => {
      const { queues } = ready.run()
      cold('            a-b|').subscribe(queues.a.sink(closing))
      cold('            -x---y-|').subscribe(queues.b.sink(closing))
      const expected = 'axb--y-|'
      expectObservable(queues.both).toBe(expected)
    })
  })
})
