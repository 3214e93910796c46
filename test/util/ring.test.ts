import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Ring } from '#src/util/ring'

it('a ring is a double-ended list, through growing, shrinking and wrapping', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ op: fc.constant('push' as const), count: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('pop' as const), count: fc.integer({ min: 1, max: 20 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const ring = new Ring<number>()
      const model: number[] = []
      let next = 0
      for (const { op, count } of steps) {
        for (let i = 0; i < count; i++) {
          if (op === 'push') {
            ring.push(next)
            model.push(next++)
          } else expect(ring[op]()).toBe(model[op]())
        }
        expect(ring.length).toBe(model.length)
        expect(ring.peek()).toBe(model[0])
      }
      expect([...ring]).toEqual(model)
    }),
    { numRuns: 50 },
  )
})
