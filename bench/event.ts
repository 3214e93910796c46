/** The item of the contests between processes. */
export interface Event {
  readonly id: number
  readonly name: string
  readonly ts: number
  readonly tags: readonly string[]
}

export const event = (id: number): Event => ({ id, name: 'event', ts: 1234567, tags: ['a', 'b'] })

export const events = (from: number, count: number): Event[] => Array.from({ length: count }, (_, n) => event(from + n))
