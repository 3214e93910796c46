import type { OpenDestination } from '../open-destination.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'
import { DestinationServer } from './destination-server.js'
import type { OwnSource } from './own-ends.js'
import type { Quarantine } from './quarantine.js'
import { type FeederEvents, type FeederLink, type Sent, SourceFeeder } from './source-feeder.js'

/** What one child gets of the parent's own endpoints: its share of their items, and a way to each destination. */
export class WorkerEnds {
  readonly #link: FeederLink
  readonly #on: FeederEvents
  readonly #feeders = new Map<number, SourceFeeder>()
  readonly #servers = new Map<number, DestinationServer>()
  readonly #quarantine: Quarantine<Sent>
  readonly #leave: () => void
  #channel: Channel<DataFromChild, DataToChild> | undefined

  constructor(link: FeederLink, quarantine: Quarantine<Sent>, on: FeederEvents) {
    this.#link = link
    this.#quarantine = quarantine
    this.#on = on
    // More may be taken than before, from all sources of the child.
    this.#leave = quarantine.onOver(() => this.review())
  }

  addDestination(id: number, destination: OpenDestination, complete: () => Promise<void>): void {
    const server = new DestinationServer(id, destination, complete)
    this.#servers.set(id, server)
    if (this.#channel) server.connect(this.#channel)
  }

  addSource(id: number, source: OwnSource): void {
    const feeder = new SourceFeeder(id, source, this.#link, this.#quarantine, this.#on)
    this.#feeders.set(id, feeder)
    if (this.#channel) feeder.connect(this.#channel)
  }

  /** The child is done with it. Answers what it did. */
  removeSource(id: number): EdgeCount | undefined {
    const feeder = this.#feeders.get(id)
    this.#feeders.delete(id)
    feeder?.reclaim()
    return feeder?.count
  }

  /** The child is done with it. Answers what it did. */
  removeDestination(id: number): EdgeCount | undefined {
    const server = this.#servers.get(id)
    this.#servers.delete(id)
    server?.disconnect()
    return server?.count
  }

  /** A child is there. */
  connect(channel: Channel<DataFromChild, DataToChild>): void {
    this.#channel = channel
    for (const server of this.#servers.values()) server.connect(channel)
    for (const feeder of this.#feeders.values()) feeder.connect(channel)
  }

  /** The child has died of what it had in work, maybe. */
  died(why: string): void {
    const { alone } = this.#quarantine
    this.#quarantine.died()
    for (const feeder of this.#feeders.values()) feeder.childDied()
    alone?.blame(why)
  }

  /** The child is gone. Answers how many items went back, by source. */
  disconnect(): Map<number, number> {
    this.#channel = undefined
    return new Map([...this.#feeders].map(([id, feeder]) => [id, feeder.reclaim()]))
  }

  /** There will be no other child. */
  end(): void {
    this.#leave()
  }

  /** Takes no more from any source. */
  pause(): void {
    for (const feeder of this.#feeders.values()) feeder.pause()
  }

  /** There may be more room. */
  review(): void {
    for (const feeder of this.#feeders.values()) feeder.review()
  }

  feeder(id: number): SourceFeeder | undefined {
    return this.#feeders.get(id)
  }

  server(id: number): DestinationServer | undefined {
    return this.#servers.get(id)
  }

  /** The oldest version of the destinations that an item may still come to the child with. */
  get oldest(): number {
    return Math.min(this.#link.version, ...[...this.#feeders.values()].map(({ unsent }) => unsent))
  }

  get counts(): { sources: readonly EdgeCount[]; destinations: readonly EdgeCount[] } {
    return {
      sources: [...this.#feeders.values()].map(({ count }) => count),
      destinations: [...this.#servers.values()].map(({ count }) => count),
    }
  }
}
