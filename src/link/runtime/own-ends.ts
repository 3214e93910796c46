import { PREFETCH } from '../../core/lane.js'
import type { LinkError } from '../../errors/link-error.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import { within } from '../within.js'
import type { Channel } from './channel.js'
import { DestinationServer } from './destination-server.js'
import type { Placeable } from './runtime.js'
import { type FeederLink, SourceFeeder } from './source-feeder.js'

/** Milliseconds that a destination has to write what it accepted. */
const LAST_WRITES = 250

interface OwnSource {
  readonly source: OpenSource
  readonly feeder: SourceFeeder
}

interface OwnDestination {
  readonly destination: OpenDestination
  readonly server: DestinationServer
}

/** The endpoints of a process-placed link that only the parent can open: opened once, they outlive a child. */
export class OwnEnds {
  readonly #prefetch: number | undefined
  readonly #link: FeederLink
  readonly #onFailed: (error: unknown) => void
  readonly #sources = new Map<number, OwnSource>()
  readonly #destinations = new Map<number, OwnDestination>()
  #channel: Channel<DataFromChild, DataToChild> | undefined

  constructor(prefetch: number | undefined, link: FeederLink, onFailed: (error: unknown) => void) {
    this.#prefetch = prefetch
    this.#link = link
    this.#onFailed = onFailed
  }

  addDestination({ id, endpoint }: Placeable<OpenDestination>): void {
    if (endpoint.file || endpoint.queue || this.#destinations.has(id)) return
    const destination = endpoint.open()
    const server = new DestinationServer(id, destination)
    this.#destinations.set(id, { destination, server })
    destination.failed.catch(error => {
      if (this.#destinations.has(id)) this.#onFailed(error)
    })
    if (this.#channel) server.connect(this.#channel)
  }

  addSource({ id, endpoint }: Placeable<OpenSource>): void {
    if (endpoint.file || endpoint.queue || this.#sources.has(id)) return
    const source = endpoint.open()
    const prefetch = this.#prefetch ?? source.prefetch ?? PREFETCH
    const feeder = new SourceFeeder(id, source.mailbox, prefetch, this.#link, this.#onFailed)
    this.#sources.set(id, { source, feeder })
    if (this.#channel) feeder.connect(this.#channel)
  }

  /** The child is done with it. Answers what it did. */
  removeSource(id: number, error: LinkError): EdgeCount | undefined {
    const own = this.#sources.get(id)
    if (!own) return undefined
    this.#sources.delete(id)
    own.feeder.reclaim()
    own.source.stop(error)
    return own.feeder.count
  }

  /** The child is done with it: what it was sent and has not stored is given up. Answers what it did. */
  async removeDestination(id: number, error: LinkError): Promise<EdgeCount | undefined> {
    const own = this.#destinations.get(id)
    if (!own) return undefined
    this.#destinations.delete(id)
    own.server.disconnect()
    own.destination.stop(error)
    await within(LAST_WRITES, own.destination.finish())
    return own.server.count
  }

  /** A child is there. */
  connect(channel: Channel<DataFromChild, DataToChild>): void {
    this.#channel = channel
    for (const { server } of this.#destinations.values()) server.connect(channel)
    for (const { feeder } of this.#sources.values()) feeder.connect(channel)
  }

  /** The child is gone. Answers how many items went back, by source. */
  disconnect(): Map<number, number> {
    this.#channel = undefined
    return new Map([...this.#sources].map(([id, { feeder }]) => [id, feeder.reclaim()]))
  }

  /** Takes no more from any source. */
  pause(): void {
    for (const { feeder } of this.#sources.values()) feeder.pause()
  }

  /** There are other destinations. */
  review(): void {
    for (const { feeder } of this.#sources.values()) feeder.review()
  }

  feeder(id: number): SourceFeeder | undefined {
    return this.#sources.get(id)?.feeder
  }

  server(id: number): DestinationServer | undefined {
    return this.#destinations.get(id)?.server
  }

  /** The oldest version of the destinations that an item may still come to a child with. */
  get oldest(): number {
    return Math.min(this.#link.version, ...[...this.#sources.values()].map(({ feeder }) => feeder.unsent))
  }

  get counts(): { sources: readonly EdgeCount[]; destinations: readonly EdgeCount[] } {
    return {
      sources: [...this.#sources.values()].map(({ feeder }) => feeder.count),
      destinations: [...this.#destinations.values()].map(({ server }) => server.count),
    }
  }

  /** Lets go of everything; resolves when destinations have written what they had accepted. */
  async stop(error: unknown): Promise<void> {
    for (const { source } of this.#sources.values()) source.stop(error)
    const destinations = [...this.#destinations.values()].map(({ destination }) => destination)
    for (const destination of destinations) destination.stop(error)
    await within(LAST_WRITES, Promise.allSettled(destinations.map(destination => destination.finish())))
  }
}
