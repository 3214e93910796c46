import { Queue } from '../core/queue.js'
import { SyncQueue } from '../core/sync-queue.js'
import { LinkError } from '../errors/link-error.js'
import { QueueEmptyError } from '../errors/queue-empty-error.js'
import type { Endpoint } from './endpoint.js'
import type { LinkPlan } from './link-plan.js'
import type { OpenDestination } from './open-destination.js'
import type { OpenSource } from './open-source.js'
import type { Placeable, PlaceableDestination } from './runtime/runtime.js'
import type { SlowPolicy } from './when-slow.js'

export type Direction = 'source' | 'destination'

type End = Placeable<unknown>

/** The endpoints of a link: which there are, what was given for each, and which may be added. */
export class LinkEnds {
  readonly #plan: LinkPlan
  readonly #given = new Map<number, unknown>()
  /** They have been removed, and are not let go yet. */
  readonly #leaving = new Set<End>()
  #ids = 0

  constructor(plan: LinkPlan) {
    this.#plan = plan
  }

  addSource(given: unknown, endpoint: Endpoint<OpenSource>): Placeable<OpenSource> {
    return this.#add(given, { id: ++this.#ids, endpoint }, this.#plan.sources, 'source')
  }

  addDestination(given: unknown, endpoint: Endpoint<OpenDestination>, policy: SlowPolicy): PlaceableDestination {
    return this.#add(given, { id: ++this.#ids, endpoint, policy }, this.#plan.destinations, 'destination')
  }

  /** From here on the plan is without it. Its endpoint cannot come back before `left`. */
  remove(id: number): { source: Placeable<OpenSource> } | { destination: PlaceableDestination } {
    this.#leaving.add(this.#find(id))
    this.#given.delete(id)
    const source = cut(this.#plan.sources, id)
    return source ? { source } : { destination: cut(this.#plan.destinations, id) as PlaceableDestination }
  }

  left(end: End): void {
    this.#leaving.delete(end)
  }

  has(id: number): boolean {
    return this.#given.has(id)
  }

  /** What was given. */
  given(id: number): unknown {
    this.#find(id)
    return this.#given.get(id)
  }

  /** Nothing is in the queues of the link; of a destination: neither in it nor in any source. */
  isEmpty(id?: number): boolean {
    const { sources, destinations } = this.#plan
    if (id === undefined) return [...sources, ...destinations].every(end => this.#holdsNothing(end))
    const end = this.#find(id)
    const before = (destinations as End[]).includes(end) ? sources : []
    return [...before, end].every(one => this.#holdsNothing(one))
  }

  /** Takes one item out of each queue of that side; what is empty, or no queue, is not in the answer. */
  async takeOne(direction: Direction): Promise<Map<number, unknown>> {
    const taken = new Map<number, unknown>()
    for (const { id } of direction === 'source' ? this.#plan.sources : this.#plan.destinations) {
      const queue = this.#given.get(id)
      if (!(queue instanceof Queue)) continue
      try {
        taken.set(id, queue instanceof SyncQueue ? queue.getNowait() : await queue.get({ timeout: 0 }))
      } catch (error) {
        if (!(error instanceof QueueEmptyError)) throw error
      }
    }
    return taken
  }

  #add<E extends End>(given: unknown, placed: E, list: E[], direction: Direction): E {
    this.#refuseDoubles(placed.endpoint, list, direction)
    placed.endpoint.check()
    list.push(placed)
    this.#given.set(placed.id, given)
    return placed
  }

  #holdsNothing({ id }: End): boolean {
    const given = this.#given.get(id)
    return !(given instanceof Queue) || given.isEmpty
  }

  #find(id: number): End {
    const end = [...this.#plan.sources, ...this.#plan.destinations].find(placed => placed.id === id)
    if (end) return end
    throw new LinkError(`${this.#plan.name} has no endpoint ${id}; it never had, or it has left`, 'ERR_LINK_ENDPOINT')
  }

  #refuseDoubles(endpoint: Endpoint<unknown>, same: readonly End[], direction: Direction): void {
    const { sources, destinations } = this.#plan
    const is = (other: End): boolean => other.endpoint.identity === endpoint.identity
    if (same.some(is)) throw new LinkError(`${endpoint.name} is a ${direction} of this link already`, 'ERR_LINK_TWICE')
    if ([...this.#leaving].some(is)) {
      throw new LinkError(`${endpoint.name} is still leaving this link; await unregister() first`, 'ERR_LINK_TWICE')
    }
    if (![...sources, ...destinations].some(is)) return
    throw new LinkError(`${endpoint.name} would be source and destination of one link: a circle`, 'ERR_LINK_CIRCULAR')
  }
}

function cut<E extends End>(list: E[], id: number): E | undefined {
  const at = list.findIndex(end => end.id === id)
  return at < 0 ? undefined : list.splice(at, 1)[0]
}
