import { PREFETCH } from '../../core/lane.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'
import { DestinationServer } from './destination-server.js'
import type { Placeable } from './runtime.js'
import { SourceFeeder } from './source-feeder.js'

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
  readonly #onFailed: (error: unknown) => void
  readonly #sources = new Map<number, OwnSource>()
  readonly #destinations = new Map<number, OwnDestination>()
  #channel: Channel<DataFromChild, DataToChild> | undefined

  constructor(prefetch: number | undefined, onFailed: (error: unknown) => void) {
    this.#prefetch = prefetch
    this.#onFailed = onFailed
  }

  addDestination({ id, endpoint }: Placeable<OpenDestination>): void {
    if (endpoint.file || this.#destinations.has(id)) return
    const destination = endpoint.open()
    destination.failed.catch(this.#onFailed)
    const server = new DestinationServer(id, destination)
    this.#destinations.set(id, { destination, server })
    if (this.#channel) server.connect(this.#channel)
  }

  addSource({ id, endpoint }: Placeable<OpenSource>): void {
    if (endpoint.file || this.#sources.has(id)) return
    const source = endpoint.open()
    const window = this.#prefetch ?? source.prefetch ?? PREFETCH
    const feeder = new SourceFeeder(id, source.mailbox, window, this.#onFailed)
    this.#sources.set(id, { source, feeder })
    if (this.#channel) feeder.connect(this.#channel)
  }

  /** A child is there. */
  connect(channel: Channel<DataFromChild, DataToChild>): void {
    this.#channel = channel
    for (const { server } of this.#destinations.values()) server.connect(channel)
    for (const { feeder } of this.#sources.values()) feeder.connect(channel)
  }

  /** The child is gone. Answers how many items went back. */
  disconnect(): number {
    this.#channel = undefined
    let count = 0
    for (const { feeder } of this.#sources.values()) count += feeder.reclaim()
    return count
  }

  /** Takes no more from any source. */
  pause(): void {
    for (const { feeder } of this.#sources.values()) feeder.pause()
  }

  feeder(id: number): SourceFeeder | undefined {
    return this.#sources.get(id)?.feeder
  }

  server(id: number): DestinationServer | undefined {
    return this.#destinations.get(id)?.server
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
    for (const { destination } of this.#destinations.values()) destination.stop(error)
    await Promise.allSettled([...this.#destinations.values()].map(({ destination }) => destination.finish()))
  }
}
