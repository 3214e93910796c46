import { expect, it } from 'vitest'
import type { Taker } from '#src/core/taker'
import { Takers } from '#src/core/takers'

const takerOf = (demand: number, appetite?: number): Taker<number> & { demand: number } => {
  return { demand, accept: () => {}, end: () => {}, ...(appetite === undefined ? {} : { appetite }) }
}

it('serves those who want something in turn, and no more who have enough [Q2.2]', () => {
  const takers = new Takers<number>()
  const [one, two, three] = [takerOf(2), takerOf(1), takerOf(3)]
  for (const taker of [one, two, three, one]) takers.add(taker)
  expect([takers.length, takers.first()]).toEqual([3, one])
  takers.served(one)
  expect(takers.first()).toBe(two)
  two.demand = 0
  takers.served(two)
  expect([takers.first(), takers.length]).toEqual([three, 2])
  takers.served(three)
  expect(takers.first()).toBe(one)
  takers.delete(three)
  expect([takers.first(), takers.length]).toEqual([one, 1])
  takers.served(one)
  expect([takers.first(), takers.length]).toEqual([one, 1])
  one.demand = 0
  takers.served(one)
  takers.delete(one)
  expect([takers.first(), takers.length]).toEqual([undefined, 0])
})

it('passes over who has no room any more, and nobody who has [Q2.2]', () => {
  const takers = new Takers<number>()
  const [one, two] = [takerOf(1), takerOf(1)]
  for (const taker of [one, two]) takers.add(taker)
  expect([takers.first(), takers.declined(one), takers.first()]).toEqual([one, false, one])
  one.demand = 0
  expect([takers.declined(one), takers.first(), takers.length]).toEqual([true, two, 2])
  two.demand = 0
  expect([takers.declined(two), takers.length]).toEqual([false, 2])
  one.demand = 1
  expect([takers.declined(two), takers.first()]).toEqual([true, one])
})

it('adds up what all would accept: their appetite where they have one, and a finite number always', () => {
  const takers = new Takers<number>()
  expect(takers.demand).toBe(0)
  for (const taker of [takerOf(2), takerOf(1, 5), takerOf(-3), takerOf(9, 0)]) takers.add(taker)
  expect(takers.demand).toBe(7)
  takers.add(takerOf(Number.POSITIVE_INFINITY))
  expect([Number.isFinite(takers.demand), takers.demand > 1e9]).toEqual([true, true])
})
