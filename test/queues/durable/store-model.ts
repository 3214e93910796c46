/** What a durable queue is meant to do, done with a list. */
export interface Item {
  readonly value: { readonly id: number; readonly pad: string }
  readonly seq: number
  readonly priority: number
  readonly enqueuedAt: number
  readonly headers: Readonly<Record<string, string>>
  readonly key: string | undefined
  /** Put or given back with a delay: until when it waits; 0: it is in line. */
  due: number
  /** The time by which it stands in line. */
  place: number
  owner: number
  attempt: number
}

export class Model {
  items: Item[] = []
  now = 1.8e12
  /** Of the next item. */
  seq = 1
  readonly capacity: number
  readonly keys = new Set<string>()
  readonly clients = new Map<string, number>()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** In the order in which they stand in their tables. */
  get inLine(): Item[] {
    return this.items.filter(({ due }) => due === 0).sort((a, b) => a.priority - b.priority || a.seq - b.seq)
  }

  get late(): Item[] {
    return this.items.filter(({ due }) => due > 0).sort((a, b) => a.due - b.due || a.seq - b.seq)
  }

  /** What can be taken, in order. */
  get ready(): Item[] {
    const line = this.inLine.filter(({ owner }) => owner < 0)
    const late = this.late.filter(({ owner, due }) => owner < 0 && due <= this.now)
    const ready: Item[] = []
    for (;;) {
      const [one, other] = [line[0], late[0]]
      if (!one && !other) return ready
      const isLate = !one || (other && (other.priority - one.priority || other.place - one.place) <= 0)
      ready.push((isLate ? late : line).shift() as Item)
    }
  }

  get delayed(): number {
    return this.late.filter(({ due }) => due > this.now).length
  }

  get leased(): number {
    return this.items.filter(({ owner }) => owner >= 0).length
  }

  get nextDue(): number {
    return Math.min(...this.late.filter(({ due }) => due > this.now).map(({ due }) => due))
  }

  /** False: it is a repetition. */
  put(
    some: Omit<Item, 'seq' | 'place' | 'owner' | 'attempt'>[],
    client?: readonly [name: string, number: number],
  ): boolean {
    const [{ key }] = some as [Item]
    if (client) {
      if ((this.clients.get(client[0]) ?? 0) >= client[1]) return false
      this.clients.set(...client)
    }
    if (key !== undefined && this.keys.has(key)) return false
    if (key !== undefined) this.keys.add(key)
    for (const one of some)
      this.items.push({ ...one, seq: this.seq++, place: one.due || one.enqueuedAt, owner: -1, attempt: 0 })
    return true
  }

  remove(item: Item): void {
    this.items.splice(this.items.indexOf(item), 1)
  }

  giveBack(item: Item, due: number): void {
    item.owner = -1
    if (due === 0) return
    item.due = due
    item.place = item.enqueuedAt
  }

  close(owner: number): void {
    for (const item of this.items) if (item.owner === owner) item.owner = -1
  }
}
