import { expect, it } from 'vitest'
import { type Delivery, WINDOW, type Window } from '#src/core/delivery'
import { WindowSet } from '#src/core/window-set'

/** A window that is starved when it is told to be. */
class HandWindow implements Window {
  held = 0
  readonly waiting = new Set<() => void>()

  whenStarved(callback: () => void): () => void {
    this.waiting.add(callback)
    return () => this.waiting.delete(callback)
  }
}

/** One that is starved already. */
class StarvedWindow extends HandWindow {
  override whenStarved(callback: () => void): () => void {
    callback()
    return () => {}
  }
}

const deliveryOf = (window?: Window): Delivery<unknown> => ({ [WINDOW]: window }) as unknown as Delivery<unknown>

it('is none where no delivery has a window [Q4.5]', () => {
  expect(WindowSet.of([deliveryOf(), deliveryOf()])).toBe(undefined)
})

it('holds in each window as many as are of it, and those of none nowhere [Q4.5]', () => {
  const [one, other] = [new HandWindow(), new HandWindow()]
  const set = WindowSet.of([one, other, undefined, one].map(deliveryOf)) as WindowSet
  set.held++
  expect([set.held, one.held, other.held]).toEqual([1, 2, 1])
  set.held++
  expect([set.held, one.held, other.held]).toEqual([2, 4, 2])
  set.held -= 2
  expect([set.held, one.held, other.held]).toEqual([0, 0, 0])
})

it('is starved once, when one of its windows is, and asks none after that [Q4.6]', () => {
  const [one, other] = [new HandWindow(), new HandWindow()]
  let starved = 0
  const set = WindowSet.of([one, other].map(deliveryOf)) as WindowSet
  set.whenStarved(() => starved++)
  const calls = [...one.waiting, ...other.waiting]
  expect(calls.length).toBe(2)
  for (const call of calls) call()
  expect([starved, one.waiting.size, other.waiting.size]).toEqual([1, 0, 0])
  set.whenStarved(() => starved++)()
  expect([one.waiting.size, other.waiting.size]).toEqual([0, 0])
  const last = new HandWindow()
  const mixed = WindowSet.of([new StarvedWindow(), new StarvedWindow(), last].map(deliveryOf)) as WindowSet
  mixed.whenStarved(() => starved++)
  expect([starved, last.waiting.size]).toEqual([2, 0])
})
