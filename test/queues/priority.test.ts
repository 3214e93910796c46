import { priorityQueue, type QueueLinkError, simpleQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'

describe('priorityQueue', () => {
  it('goes by `<` where nothing is said, equals first in, first out [Q1.3] [Q1.4]', async () => {
    const words = priorityQueue<string>()
    await words.putBatch(['pear', 'fig', 'quince', 'apple', 'medlar'])
    expect(await words.getBatch(5)).toEqual(['apple', 'fig', 'medlar', 'pear', 'quince'])

    const dates = priorityQueue<Date>()
    const [early, late, again] = [new Date(1), new Date(2), new Date(1)]
    await dates.putBatch([late, early, again])
    const [first, second, third] = await dates.getBatch(3)
    expect([first === early, second === again, third === late]).toEqual([true, true, true])
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
