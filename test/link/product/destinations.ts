import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WritableStream } from 'node:stream/web'
import { connection, type DestinationEndpoint, type Format, fromFile, fromProcess, toWritable } from 'queuelink'
import { lastValueFrom, toArray } from 'rxjs'
import { everything, type Kind, only, queueKinds } from './kinds.js'

export interface OpenedDestination {
  readonly endpoint: DestinationEndpoint<unknown>
  /** What has come, once the link is done; `count`: what is expected. */
  came(count: number): Promise<readonly unknown[]>
}

export interface DestinationKind extends Kind {
  /** What has come can be read while the link goes on. */
  readonly isQueue?: boolean
  /** All that comes is one run of bytes. */
  readonly joins?: boolean
  open(): Promise<OpenedDestination>
}

export function destinationKinds(directory: string): DestinationKind[] {
  let made = 0
  const path = (suffix = ''): string => join(directory, `destination-${++made}${suffix}`)
  const file = (as: Format, carries: Kind['carries'], suffix = ''): DestinationKind => ({
    name: `file, ${as}${suffix}`,
    carries,
    joins: as === 'bytes',
    async open() {
      const at = path(suffix)
      return { endpoint: { path: at, as }, came: () => read(at, as) }
    },
  })
  return [
    ...queueKinds(directory, 'destination').map(kind => ({
      ...kind,
      isQueue: true,
      async open() {
        const queue = await kind.make()
        return {
          endpoint: queue,
          async came(count: number) {
            const items: unknown[] = []
            while (items.length < count) items.push(...(await queue.getBatch(count, { timeout: 10_000 })))
            return queue.size === 0 ? items : [...items, 'and more']
          },
        }
      },
    })),
    file('lines', only('text')),
    file('bytes', only('text', 'binary')),
    file('json', only('text', 'plain')),
    file('frames', everything),
    file('json', only('text', 'plain'), '.gz'),
    {
      name: 'stream of Node, lines',
      carries: only('text'),
      async open() {
        const at = path()
        return { endpoint: createWriteStream(at), came: () => read(at, 'lines') }
      },
    },
    {
      name: 'stream of Node, frames',
      carries: everything,
      async open() {
        const at = path()
        return {
          endpoint: toWritable<unknown>(createWriteStream(at), { as: 'frames' as 'json' }),
          came: () => read(at, 'frames'),
        }
      },
    },
    {
      name: 'stream of the web',
      carries: only('text'),
      async open() {
        const chunks: Uint8Array[] = []
        const endpoint = new WritableStream<Uint8Array>({ write: chunk => void chunks.push(chunk) })
        return { endpoint, came: async () => Buffer.concat(chunks).toString().split('\n').slice(0, -1) }
      },
    },
    {
      name: 'connection',
      carries: everything,
      async open() {
        const [endpoint, there] = connection<unknown>()
        const items: unknown[] = []
        there.subscribe(item => void items.push(item))
        return {
          endpoint,
          async came() {
            await endpoint.close()
            return items
          },
        }
      },
    },
    {
      name: 'Observer',
      carries: everything,
      async open() {
        const items: unknown[] = []
        return { endpoint: { next: (item: unknown) => void items.push(item) }, came: async () => items }
      },
    },
    {
      name: "process's stdin",
      carries: only('text'),
      async open() {
        const { stdin, stdout } = fromProcess('cat')
        const lines = lastValueFrom(stdout.pipe(toArray()))
        return { endpoint: stdin, came: () => lines }
      },
    },
  ]
}

async function read(path: string, as: Format): Promise<unknown[]> {
  if (as === 'bytes') return [await readFile(path)]
  return lastValueFrom(fromFile<unknown>(path, { as: as as 'json' }).pipe(toArray()), { defaultValue: [] })
}
