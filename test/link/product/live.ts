import { fifoQueue, type Placement, QueueLink } from 'queuelink'
import { until } from '../help.js'
import type { DestinationKind } from './destinations.js'
import { carried, check } from './move.js'
import type { SourceKind } from './sources.js'

/** One link that runs on while ends come and go: one child for all combinations. */
export class LiveLink {
  readonly #link: QueueLink

  constructor(placement: Placement) {
    this.#link = new QueueLink({ placement })
    // Ends of its own, so that it is never without: nothing comes by them.
    this.#link.read(fifoQueue())
    this.#link.write(fifoQueue())
  }

  async move(source: SourceKind, destinations: readonly DestinationKind[]): Promise<void> {
    const link = this.#link
    const values = carried(source, destinations)
    const opened = await Promise.all(destinations.map(kind => kind.open()))
    const ids = opened.map(({ endpoint }) => link.write(endpoint))
    await Promise.all(ids.map(id => link.registered(id)))
    const from = link.read(await source.open(values))
    // What has come to one was taken for all. Metrics tell that too, but children report them every 100 ms only.
    const readable = destinations.findIndex(({ isQueue, reversed }) => isQueue && !reversed)
    const first = await opened[readable]?.came(values.length)
    if (!first) await until(() => link.metrics().sources.find(({ id }) => id === from)?.settled === values.length)
    await Promise.all([...ids, from].map(id => link.unregister(id)))
    for (const [at, { came }] of opened.entries()) {
      const items = at === readable && first ? first : await came(values.length)
      check(items, values, source, destinations[at] as DestinationKind)
    }
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}
