import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heap } from '#src/util/heap'

describe('Heap', () => {
  it('gives items in order, whatever is pushed and shifted in between', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), steps => {
        const heap = new Heap<number>((a, b) => a < b)
        let model: number[] = []
        for (const step of steps) {
          if (step === undefined) {
            expect(heap.shift()).toBe(model[0])
            model = model.slice(1)
          } else {
            heap.push(step)
            model = [...model, step].sort((a, b) => a - b)
          }
          expect(heap.peek()).toBe(model[0])
          expect(heap.length).toBe(model.length)
        }
      }),
    )
  })

  it('is as it was when a comparison throws', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(6), fc.boolean(), (numbers, failAt, onPush) => {
        let left = Number.POSITIVE_INFINITY
        const heap = new Heap<number>((a, b) => {
          if (left-- === 0) throw new Error('no order')
          return a < b
        })
        for (const number of numbers) heap.push(number)
        left = failAt
        let changed = [...numbers].sort((a, b) => a - b)
        try {
          if (onPush) {
            heap.push(0)
            changed = [...changed, 0].sort((a, b) => a - b)
          } else {
            heap.shift()
            changed = changed.slice(1)
          }
        } catch {}
        left = Number.POSITIVE_INFINITY
        const rest = Array.from({ length: heap.length }, () => heap.shift())
        expect(rest).toEqual(changed)
      }),
    )
  })
})
