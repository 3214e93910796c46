import { PREFETCH } from '../../core/lane.js'
import type { Mailbox } from '../../core/mailbox.js'
import type { LinkError } from '../../errors/link-error.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import { within } from '../within.js'
import type { SourceLine } from './key-sharing.js'
import type { Placeable } from './runtime.js'
import { Suspects } from './suspects.js'

/** Milliseconds that a destination has to write what it accepted. */
const LAST_WRITES = 250

export interface OwnSource {
  readonly source: OpenSource
  readonly mailbox: Mailbox<unknown>
  /** Where workers stand in line for its items. */
  readonly line: SourceLine
  readonly prefetch: number
  readonly suspects: Suspects
}

/** The endpoints that only the parent can open, or is to: opened once, they outlive every child. */
export class OwnEnds {
  readonly #prefetch: number | undefined
  readonly #lineFor: (mailbox: Mailbox<unknown>) => SourceLine
  readonly #onFailed: (error: unknown) => void
  readonly sources = new Map<number, OwnSource>()
  readonly destinations = new Map<number, OpenDestination>()

  constructor(
    prefetch: number | undefined,
    lineFor: (mailbox: Mailbox<unknown>) => SourceLine,
    onFailed: (error: unknown) => void,
  ) {
    this.#prefetch = prefetch
    this.#lineFor = lineFor
    this.#onFailed = onFailed
  }

  addDestination({ id, endpoint }: Placeable<OpenDestination>): OpenDestination {
    const destination = endpoint.open()
    this.destinations.set(id, destination)
    destination.failed.catch(error => {
      if (this.destinations.has(id)) this.#onFailed(error)
    })
    return destination
  }

  addSource({ id, endpoint }: Placeable<OpenSource>): OwnSource {
    const source = endpoint.open()
    const prefetch = this.#prefetch ?? source.prefetch ?? PREFETCH
    const { mailbox } = source
    const own = { source, mailbox, line: this.#lineFor(mailbox), prefetch, suspects: new Suspects() }
    this.sources.set(id, own)
    return own
  }

  removeSource(id: number, error: LinkError): void {
    this.sources.get(id)?.source.stop(error)
    this.sources.delete(id)
  }

  /** What it was sent and has not stored is given up. */
  async removeDestination(id: number, error: LinkError): Promise<void> {
    const destination = this.destinations.get(id)
    if (!destination) return
    this.destinations.delete(id)
    destination.stop(error)
    await within(LAST_WRITES, destination.finish())
  }

  /** Lets go of everything; resolves when destinations have written what they had accepted. */
  async stop(error: unknown): Promise<void> {
    for (const { source } of this.sources.values()) source.stop(error)
    const destinations = [...this.destinations.values()]
    for (const destination of destinations) destination.stop(error)
    await within(LAST_WRITES, Promise.allSettled(destinations.map(destination => destination.finish())))
  }
}
