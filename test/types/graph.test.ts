import { defineGraph, fifo, fifoQueue, file, type Graph, priority, runGraph, type SyncQueue, step } from 'queuelink'
import { filter, map, of } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const shout = async (word: string): Promise<string> => word.toUpperCase()
const measure = () => map((word: string) => word.length)
const url = new URL('file:///steps.js')

it('infers what each and through take from the queues that a link reads', () => {
  const calls = (): unknown =>
    defineGraph({
      name: 'g',
      queues: { words: fifo<string>(), lengths: priority<number>(), file: 'out.txt', lines: file('in.txt') },
      links: [
        { from: 'words', to: 'lengths', each: word => expectTypeOf(word).toBeString() && word.length },
        { from: ['words', 'lengths'], to: 'file', each: async (item: string | number) => `${item}` },
        { from: 'lengths', to: ['lengths'], through: filter((n: number) => n > 1) },
        { from: 'lines', to: 'words', each: step<typeof shout>(url, 'shout') },
        { from: 'words', to: 'lengths', through: step<typeof measure>(url, 'measure') },
        { from: 'words', to: 'lengths', each: step(url, 'unknown'), placement: 'process' },
        { from: 'words', to: ['words', 'file'], each: (word, { attempt }) => of(word, `${attempt}`) },
      ],
    })
  expectTypeOf(calls).toBeFunction()
})

it('types the queues of a graph', () => {
  const queues = { words: fifo<string>(), given: fifoQueue<number>(), file: 'out.txt' }
  const graph = () => defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'file' }] })
  expectTypeOf(graph).returns.toExtend<Graph>()
  const run = () => runGraph(graph())
  expectTypeOf(run).returns.resolves.toHaveProperty('queues').toHaveProperty('words').toEqualTypeOf<SyncQueue<string>>()
  expectTypeOf(run).returns.resolves.toHaveProperty('queues').toHaveProperty('given').toEqualTypeOf<SyncQueue<number>>()
  expectTypeOf(run).returns.resolves.toHaveProperty('queues').not.toHaveProperty('file')
})

it('refuses names that no queue has, and steps that do not fit', () => {
  const queues = { words: fifo<string>(), lengths: fifo<number>() }
  const calls = (): void => {
    // @ts-expect-error no queue of that name
    defineGraph({ name: 'g', queues, links: [{ from: 'wrods', to: 'lengths', each: step(url, 'a') }] })
    // @ts-expect-error no queue of that name
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lenghts', each: step(url, 'a') }] })
    // @ts-expect-error no queue of that name in a list
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: ['words', 'lenghts'] }] })
    // @ts-expect-error words hold strings
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lengths', each: (n: number) => n }] })
    // @ts-expect-error lengths hold numbers
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lengths', each: word => word }] })
    // @ts-expect-error words hold strings
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lengths', through: map((n: number) => n) }] })
    // @ts-expect-error without a step, words would have to be lengths
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lengths' }] })
    const typed = step<typeof shout>(url, 'shout')
    // @ts-expect-error the export answers a string
    defineGraph({ name: 'g', queues, links: [{ from: 'words', to: 'lengths', each: typed }] })
  }
  expectTypeOf(calls).returns.toBeVoid()
})
