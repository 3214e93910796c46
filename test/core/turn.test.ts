import { expect, it } from 'vitest'
import { Turn } from '#src/core/turn'
import { HandClock } from './hand-clock.js'

it('lets the event loop run after 1,024 items, and goes on in the next turn [Q17.3]', () => {
  HandClock.run(clock => {
    let next = 0
    const turn = new Turn(() => next++)
    turn.spend(1000)
    turn.spend(23)
    expect(turn.paused).toBe(false)
    turn.spend(1)
    expect([turn.paused, next]).toEqual([true, 0])
    clock.turn()
    expect([turn.paused, next]).toEqual([false, 1])
    turn.spend(1023)
    expect(turn.paused).toBe(false)
    clock.turn()
    turn.spend(1023)
    expect(turn.paused).toBe(false)
  })
})

it('lets the event loop run after 5 ms, and goes on in the next turn [Q17.3]', () => {
  HandClock.run(clock => {
    let next = 0
    const turn = new Turn(() => next++)
    turn.spend(1)
    clock.spend(4)
    turn.spend(1)
    expect(turn.paused).toBe(false)
    clock.spend(1)
    turn.spend(1)
    expect(turn.paused).toBe(true)
    clock.turn()
    expect([turn.paused, next]).toEqual([false, 1])
    clock.spend(4)
    turn.spend(1)
    expect(turn.paused).toBe(false)
  })
})

it('pauses after 1,024 items that callers took who never let the event loop run, for one turn [Q17.3]', () => {
  HandClock.run(clock => {
    let next = 0
    const turn = new Turn(() => next++)
    for (const before of [0, 10]) {
      turn.count(1000)
      turn.count(23 - before)
      expect([turn.paused, clock.waiting]).toEqual([false, 0])
      turn.count(1)
      // In the pause it is counted for the next turn.
      turn.count(10)
      expect([turn.paused, clock.waiting]).toEqual([true, 1])
      clock.turn()
    }
    expect([turn.paused, next]).toEqual([false, 2])
    turn.spend(1)
    turn.count(1023)
    expect([turn.paused, clock.waiting]).toEqual([true, 1])
    clock.turn()
    expect([turn.paused, next]).toEqual([false, 3])
  })
})
