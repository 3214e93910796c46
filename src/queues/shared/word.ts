/**
 * The word of a descriptor: 21 bits turn, 8 bits owner, 3 bits state. Storing it is the commit point of every change of a
 * lease. The turn counts the leases of the descriptor, so that the word of an old lease never equals that of a new one.
 */
export const FREE = 0
export const READY = 1
export const LEASED = 2
export const RETURNED = 3
export const DELAYED = 4

/** The bits of the state. */
export const STATE = 7
const KEPT = ~0x7ff

export function stateOf(word: number): number {
  return word & STATE
}

/** The same turn, no owner. */
export function withState(word: number, state: number): number {
  return (word & KEPT) | state
}

/** The next turn. */
export function leasedBy(word: number, owner: number): number {
  return ((word & KEPT) + 0x800) | (owner << 3) | LEASED
}

export function isLeasedBy(word: number, owner: number): boolean {
  return (word & 0x7ff) === ((owner << 3) | LEASED)
}

/** Leased, given back or delayed: the put hand passes over it. */
export function isHeld(word: number): boolean {
  return (word & STATE) >= LEASED
}
