// A graph that hashes, parses and indexes every file below a directory: 12 queues, 9 links, as data.
//
//   npx queuelink run index-graph.js                  runs it, with live progress; ROOT names the directory
//   npx queuelink graph index-graph.js --format svg   draws it
//   npx queuelink top                                 shows it at work, from another terminal
import { existsSync, mkdirSync } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import process from 'node:process'
import { defineGraph, fifo, file, fromIterable, step } from 'queuelink'
import { defer, filter, map, type Observable } from 'rxjs'
import type { Counted, count, Found, Hashed, hash, Parsed, parse } from './index-graph-steps.js'

const root = resolve(process.env.ROOT ?? (existsSync('node_modules') ? 'node_modules' : '.'))
const out = resolve('build/index-graph')
const steps = new URL('./index-graph-steps.js', import.meta.url)
mkdirSync(out, { recursive: true })

interface Listed extends Hashed {
  /** The first file with the same content. */
  readonly copyOf?: string
}

interface Ranked {
  readonly path: string
  readonly terms: readonly string[]
}

/** Every file below a directory, one after another; links are not followed. */
async function* walk(directory: string): AsyncGenerator<Found> {
  for await (const entry of await opendir(directory)) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield { path: relative(root, path), bytes: (await stat(path)).size }
  }
}

/** Synchronous, as everything in `through`: what has been seen is kept for each run. */
const markCopies = (files: Observable<Hashed>): Observable<Listed> =>
  defer(() => {
    const first = new Map<string, string>()
    return files.pipe(
      map(file => {
        const copyOf = first.get(file.sha256)
        if (copyOf === undefined) first.set(file.sha256, file.path)
        return copyOf === undefined ? file : { ...file, copyOf }
      }),
    )
  })

const importsOf = (files: Observable<Parsed>): Observable<object> =>
  files.pipe(
    filter(({ imports }) => imports.length > 0),
    map(({ path, imports }) => ({ path, imports })),
  )

function rank({ path, counts }: Counted): Ranked {
  const ranked = [...counts].sort(([, a], [, b]) => b - a)
  return { path, terms: ranked.slice(0, 5).map(([word]) => word) }
}

export default defineGraph({
  name: 'index',
  queues: {
    tree: fromIterable(walk(root)),
    files: fifo<Found>({ capacity: 1000 }),
    hashed: fifo<Hashed>({ capacity: 1000 }),
    listed: fifo<Listed>({ capacity: 1000 }),
    sums: file<Listed>(join(out, 'sums.ndjson')),
    readable: fifo<Found>({ capacity: 1000 }),
    parsed: fifo<Parsed>({ capacity: 100 }),
    linked: fifo<Parsed>({ capacity: 100 }),
    counted: fifo<Counted>({ capacity: 100 }),
    ranked: fifo<Ranked>({ capacity: 100 }),
    index: file<Ranked>(join(out, 'index.ndjson')),
    imports: file<object>(join(out, 'imports.ndjson')),
  },
  links: [
    { from: 'tree', to: 'files' },
    {
      from: 'files',
      to: ['hashed', 'readable'],
      each: step<typeof hash>(steps, 'hash', root),
      placement: 'process',
      workers: 2,
      concurrency: 4,
    },
    { from: 'hashed', to: 'listed', through: markCopies },
    { from: 'listed', to: 'sums' },
    {
      from: 'readable',
      to: ['parsed', 'linked'],
      each: step<typeof parse>(steps, 'parse', root),
      placement: 'process',
      workers: 2,
      concurrency: 4,
    },
    { from: 'parsed', to: 'counted', each: step<typeof count>(steps, 'count'), placement: 'process' },
    { from: 'counted', to: 'ranked', each: rank },
    { from: 'ranked', to: 'index' },
    { from: 'linked', to: 'imports', through: importsOf },
  ],
})
