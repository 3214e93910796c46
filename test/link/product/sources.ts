import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import {
  connection,
  type Format,
  fromIterable,
  fromProcess,
  fromReadable,
  type SourceEndpoint,
  toFile,
} from 'queuelink'
import { from, type InteropObservable } from 'rxjs'
import { everything, type Kind, only, queueKinds } from './kinds.js'

export interface SourceKind extends Kind {
  /** It gives one run of bytes, cut anywhere: what is small comes as it was. */
  readonly isRun?: boolean
  /** Something that gives these and ends. */
  open(values: readonly unknown[]): Promise<SourceEndpoint<unknown>>
}

/** Each list of values is written once in each format. */
function files(directory: string): (values: readonly unknown[], as: Format, suffix?: string) => Promise<string> {
  const written = new Map<string, Promise<string>>()
  const write = async (path: string, values: readonly unknown[], as: Format): Promise<string> => {
    const sink = toFile<unknown>(path, { as: as as 'json' })
    fromIterable(values).subscribe(sink)
    await sink.done
    return path
  }
  const known: unknown[] = []
  return (values, as, suffix = '') => {
    const ids = values.map(value => (known.includes(value) ? known.indexOf(value) : known.push(value) - 1))
    const name = `source-${as}-${ids.join('-')}${suffix}`
    if (!written.has(name)) written.set(name, write(join(directory, name), values, as))
    return written.get(name) as Promise<string>
  }
}

export function sourceKinds(directory: string): SourceKind[] {
  const fileOf = files(directory)
  const file = (as: Format, carries: Kind['carries'], suffix = ''): SourceKind => ({
    name: `file, ${as}${suffix}`,
    carries,
    open: async values => ({ path: await fileOf(values, as, suffix), as }),
  })
  return [
    ...queueKinds(directory, 'source').map(kind => ({
      ...kind,
      async open(values: readonly unknown[]) {
        const queue = await kind.make()
        const half = values.length >> 1
        await Promise.all([...values.slice(0, half).map(value => queue.put(value)), queue.putBatch(values.slice(half))])
        await queue.shutdown()
        return queue
      },
    })),
    file('lines', only('text')),
    { ...file('bytes', only('binary')), isRun: true },
    file('json', only('text', 'plain')),
    file('frames', everything),
    file('json', only('text', 'plain'), '.gz'),
    {
      name: 'stream of Node, lines',
      carries: only('text'),
      open: async values =>
        Readable.from(
          values.map(text => `${text}\n`),
          { objectMode: false },
        ),
    },
    {
      name: 'stream of Node, objects',
      carries: one => one !== 'nothing',
      open: async values => Readable.from(values),
    },
    {
      name: 'stream of Node, frames',
      carries: everything,
      open: async values => fromReadable(createReadStream(await fileOf(values, 'frames')), { as: 'frames' }),
    },
    {
      name: 'stream of the web, lines',
      carries: only('text'),
      open: async values => webStream(values.map(text => `${text}\n`)),
    },
    {
      // What begins with text or bytes is decoded.
      name: 'stream of the web, objects',
      carries: only('plain', 'nothing', 'anything'),
      open: async values => webStream(values),
    },
    {
      name: 'connection',
      carries: everything,
      async open(values) {
        const [here, there] = connection<unknown>()
        for (const value of values) await there.put(value)
        there.complete()
        return here
      },
    },
    { name: 'Observable', carries: everything, open: async values => from(values) },
    { name: 'Observable of others', carries: everything, open: async values => foreign(values) },
    { name: 'async iterable', carries: everything, open: async values => generated(values) },
    {
      name: "process's stdout",
      carries: only('text'),
      open: async values => fromProcess('cat', [await fileOf(values, 'lines')]).stdout,
    },
  ]
}

function webStream(values: readonly unknown[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const value of values) controller.enqueue(value)
      controller.close()
    },
  })
}

function foreign(values: readonly unknown[]): InteropObservable<unknown> {
  const observable = from(values)
  return { [Symbol.observable]: () => ({ subscribe: observer => observable.subscribe(observer as object) }) }
}

async function* generated(values: readonly unknown[]): AsyncGenerator<unknown> {
  yield* values
}
