// What participants of an arena wait for; sums of these are several at once.

/** Something to take. */
export const ITEMS = 1
/** Room to put. */
export const ROOM = 2
/** Everything settled. */
export const REST = 4
/** The lock: it could not be had. */
export const LOCK = 8

/** Which of them it is, from 0 on. */
export function placeOf(condition: number): number {
  return 31 - Math.clz32(condition)
}

/** In the order of their bits in the arena's file. */
export const CONDITIONS = [ITEMS, ROOM, REST, LOCK] as const
