import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { fifoQueue, type LinkOptions, type LinkReport, link, QueueLink, type Step, step } from 'queuelink'
import { map, of, Subject } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const numbers = fifoQueue<number>()
const strings = fifoQueue<string>()

it('takes endpoints of every type, one or many', () => {
  expectTypeOf(link<number, number>).returns.toEqualTypeOf<QueueLink>()
  const made = new QueueLink()
  const calls = (): void => {
    made.read(numbers)
    made.read(of('a'))
    made.read('path')
    made.read(new URL('file:///path'))
    made.read({ path: 'other', as: 'bytes' })
    made.read(Readable.from([]))
    made.read(new ReadableStream())
    made.read({ [Symbol.asyncIterator]: () => numbers[Symbol.asyncIterator]() })
    made.write(strings)
    made.write(new Subject<Date>())
    made.write({ next: (_: number) => {} })
    made.write({ path: 'another', append: true })
    made.write(new Writable())
    made.write(new WritableStream())
  }
  expectTypeOf(calls).returns.toBeVoid()
  // @ts-expect-error a number is no endpoint
  const refused = (): unknown => made.read(7)
  expectTypeOf(refused).returns.toBeUnknown()
  expectTypeOf(made.stop).returns.resolves.toEqualTypeOf<LinkReport>()
})

it('takes operators and handlers of any type, and steps', () => {
  expectTypeOf({ through: map((n: number) => String(n)) }).toExtend<LinkOptions>()
  expectTypeOf({ each: async (word: string) => word.length }).toExtend<LinkOptions>()
  expectTypeOf({ each: step('module', 'name', 1) }).toExtend<LinkOptions>()
})

it('infers what each takes from the sources', () => {
  const calls = (): void => {
    link(numbers, strings, { each: n => expectTypeOf(n).toBeNumber() })
    link([of('a'), strings], numbers, { each: async word => expectTypeOf(word).toBeString() })
    link('path', numbers, { each: line => expectTypeOf(line).toBeString() })
    link({ path: 'orders.ndjson' }, numbers, { each: (order: { id: number }) => order.id })
    link(numbers, strings, { each: n => String(n), through: map((text: string) => text.length) })
    // @ts-expect-error the queue holds numbers
    link(numbers, strings, { each: (word: string) => word })
  }
  expectTypeOf(calls).returns.toBeVoid()
})

it('types a step by its export', () => {
  const times = (factor: number) => map((n: number) => n * factor)
  const upper = (word: string): string => word.toUpperCase()
  expectTypeOf(step<typeof times>('module', 'times', 3)).toEqualTypeOf<Step<ReturnType<typeof times>>>()
  expectTypeOf(step<typeof upper>('module', 'upper')).toEqualTypeOf<Step<typeof upper>>()
  // @ts-expect-error a factor is a number
  expectTypeOf(() => step<typeof times>('module', 'times', 'three')).toBeFunction()
  // @ts-expect-error a handler takes no arguments beforehand
  expectTypeOf(() => step<typeof upper>('module', 'upper', 'word')).toBeFunction()
})
