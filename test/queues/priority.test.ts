import { fifoQueue, priorityQueue, type QueueLinkError, simpleQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'

describe('priorityQueue', () => {
  it('goes by `<` where nothing is said, equals first in, first out [Q1.3] [Q1.4]', async () => {
    const words = priorityQueue<string>()
    await words.putBatch(['pear', 'fig', 'quince', 'apple', 'medlar'])
    expect(await words.getBatch(5)).toEqual(['apple', 'fig', 'medlar', 'pear', 'quince'])

    const queue = priorityQueue<Date>()
    const dates = Array.from({ length: 60 }, (_, i) => new Date(i % 3))
    await queue.putBatch(dates)
    const came = await queue.getBatch(60)
    const expected = [0, 1, 2].flatMap(time => dates.filter(date => date.getTime() === time))
    expect(came.every((date, i) => date === expected[i])).toBe(true)
  })

  it('refuses a compare that is no function [Q16.1]', () => {
    const make = () => priorityQueue({ compare: 'name' as unknown as () => number })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION' } satisfies Partial<QueueLinkError>))
  })
})

describe('simpleQueue', () => {
  it.each([{ capacity: 3 }, { joinable: true }])('refuses %o, which fifoQueue has [Q16.1]', o => {
    expect(() => simpleQueue(o as object)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

it('gives every queue a name: its own, or one of its kind and a number', () => {
  const names = [fifoQueue(), fifoQueue(), simpleQueue()].map(queue => queue.name)
  expect(new Set(names).size).toBe(3)
  expect(names.every(name => /^(fifo|simple)-[1-9]\d*$/.test(name))).toBe(true)
  expect(fifoQueue({ name: 'orders' }).name).toBe('orders')
})
