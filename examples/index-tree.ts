// Indexes a directory: finds its duplicates and largest files, and keeps every distinct content once, compressed.
//
//   walk (a process) ─▶ files ─▶ pack (a link in a process of its own) ─▶ packed ─▶ store ─┬▶ entries ─▶ summary
//                                                                                          └▶ index.ndjson
//
// Nothing holds more than a few items, whatever the size of the tree: each stage waits for the next.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { fifoQueue, fromProcess, link, step } from 'queuelink'
import { firstValueFrom } from 'rxjs'
import { Archive, type Entry } from './archive.js'
import type { Found, Packed, pack, Unreadable } from './steps.js'
import { mebibytes, Summary } from './summary.js'

const root = resolve(process.argv[2] ?? (existsSync('node_modules') ? 'node_modules' : '.'))
const out = resolve('build/index-tree')
const start = performance.now()
if (!existsSync(root)) {
  console.error(`There is no ${root}; give the path of a directory.`)
  process.exit(1)
}

await mkdir(out, { recursive: true })
const archive = await Archive.create(join(out, 'contents.gz'))
const summary = new Summary()
let large = 0

const files = fifoQueue<Found>({ capacity: 1000 })
const packed = fifoQueue<Packed | Unreadable>({ capacity: 32 })
const entries = fifoQueue<Entry | Unreadable>({ capacity: 100 })

const walk = fromProcess<Found>(process.execPath, [fileURLToPath(new URL('./walk.js', import.meta.url)), root], {
  as: 'json',
})
walk.stdout.subscribe(files.sink({ closeOnComplete: true }))

// Hashing and compressing happen in a child process; contents over 64 KiB come back as files, and only their names on the pipe.
const packing = link(files, packed, {
  placement: 'process',
  each: step<typeof pack>(new URL('./steps.js', import.meta.url), 'pack', root),
  concurrency: 8,
  closeOnComplete: true,
})

// One item at a time; what comes of it goes to both, and only then is the file acknowledged.
const storing = link(packed, [entries, join(out, 'index.ndjson')], {
  each: (file: Packed | Unreadable) => {
    if ('content' in file && file.content.length > 64 * 1024) large++
    return archive.store(file)
  },
  closeOnComplete: true,
})

const progress = setInterval(() => {
  if (process.stderr.isTTY) process.stderr.write(`\r${summary.files} files, ${mebibytes(summary.bytes)} `)
}, 100)

await Promise.all([firstValueFrom(walk.exit), packing.done, storing.done, entries.consume(entry => summary.add(entry))])
clearInterval(progress)
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')

const { largest } = summary
const intact = largest === undefined || (await archive.check(largest))
await archive.close()

console.log(`${root}: ${summary}

archive  ${join(out, 'contents.gz')}  ${mebibytes(archive.bytes)}, every distinct file once
index    ${join(out, 'index.ndjson')}  path, size, sha256 and place in the archive, a line for each file

Took ${((performance.now() - start) / 1000).toFixed(1)} s. ${large} contents over 64 KiB crossed between processes as files.`)
if (largest) console.log(`${largest.path} read back from the archive: ${intact ? 'same' : 'NOT the same'} sha256.`)
if (!intact) process.exitCode = 1
