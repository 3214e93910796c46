/** What a shared queue is meant to do, done with arrays. */
export interface Item {
  readonly id: number
  position: number
  state: 'ready' | 'leased' | 'delayed'
  owner: number
  attempt: number
  due: number
}

export class Model {
  readonly capacity: number
  /** Oldest first. */
  items: Item[] = []
  /** Items put so far. */
  puts = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  put(ids: readonly number[], due: number): boolean {
    if (this.items.length + ids.length > this.capacity) return false
    for (const id of ids) {
      const state = due > 0 ? 'delayed' : 'ready'
      this.items.push({ id, position: this.puts++, state, owner: -1, attempt: 0, due })
    }
    return true
  }

  take(max: number, owner: number): Item[] {
    const taken = this.items.filter(item => item.state === 'ready').slice(0, max)
    for (const item of taken) Object.assign(item, { state: 'leased', owner })
    return taken
  }

  ack(item: Item): void {
    this.items.splice(this.items.indexOf(item), 1)
  }

  giveBack(item: Item, attempt: number, due: number): void {
    Object.assign(item, { state: due > 0 ? 'delayed' : 'ready', owner: -1, attempt, due })
  }

  promote(now: number): void {
    for (const item of this.items) if (item.state === 'delayed' && item.due <= now) item.state = 'ready'
  }

  reap(owner: number): void {
    for (const item of this.items) if (item.owner === owner && item.state === 'leased') item.state = 'ready'
  }

  /** When the first delayed item falls due. */
  get nextDue(): number {
    return Math.min(...this.items.filter(({ state }) => state === 'delayed').map(({ due }) => due))
  }

  count(state: Item['state']): number {
    return this.items.filter(item => item.state === state).length
  }
}
