// Items put into a durable queue, taken by two processes and acknowledged, again and again: the files must not grow from the second
// round on. Prints, for each round, what the files took up when all was put and when all was gone; exits with 1 if they grew.
//   node durable-disk.js [ITEMS [ROUNDS]]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { durableQueue } from 'queuelink'

const [, program = '', items = '1000000', rounds = '10', taker] = process.argv
const BATCH = 256
/** Pages of a tree are not filled in the same way each time, and the last compaction of a round leaves what was there then. */
const SLACK = 4 * 1024 * 1024

/** @param {import('queuelink').SyncQueue<unknown>} queue */
async function takeAll(queue) {
  let taken = 0
  for (; !queue.closed; ) {
    const batch = await queue.getBatch(BATCH, { timeout: 0 }).catch(async error => {
      if (error.code === 'ERR_QUEUE_EMPTY') return undefined
      if (!['ERR_QUEUE_LOCKED', 'ERR_BUSY'].includes(error.code)) throw error
      await new Promise(resolve => setImmediate(resolve))
      return []
    })
    if (!batch) break
    taken += batch.length
  }
  return taken
}

/** @param {string} path */
const bytesIn = path => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
/** @param {number} bytes */
const mebibytes = bytes => `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(12)

if (taker) {
  const queue = await durableQueue(taker, { mode: 'attach' })
  process.on('message', async () => process.send?.(await takeAll(queue)))
  process.once('disconnect', () => queue.close())
  process.send?.('ready')
} else await soak()

async function soak() {
  const directory = mkdtempSync(join(tmpdir(), 'queuelink-soak-'))
  const path = join(directory, 'queue')
  const queue = await durableQueue(path)
  const other = fork(program, [items, rounds, path])
  await once(other, 'message')
  const [full, empty] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])]
  console.log(
    `${'round'.padStart(5)} ${'all put'.padStart(12)} ${'all gone'.padStart(12)}   taken here + there, seconds`,
  )
  for (let round = 1; round <= Number(rounds); round++) {
    const began = performance.now()
    for (let id = 0; id < Number(items); id += BATCH) {
      const count = Math.min(BATCH, Number(items) - id)
      await queue.putBatch(Array.from({ length: count }, (_, i) => ({ id: id + i, name: 'event', tags: ['a', 'b'] })))
    }
    full.push(bytesIn(path))
    const there = once(other, 'message')
    other.send('take')
    const here = await takeAll(queue)
    const [taken] = await there
    if (here + taken !== Number(items)) throw new Error(`${here + taken} of ${items} were taken`)
    // Nothing is left to write, and what can be given back is.
    await queue.put('last')
    await queue.get()
    while (queue.size + (await queue.stat()).leased > 0) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setTimeout(resolve, 500))
    empty.push(bytesIn(path))
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const sizes = `${mebibytes(full.at(-1) ?? 0)} ${mebibytes(empty.at(-1) ?? 0)}`
    console.log(`${String(round).padStart(5)} ${sizes}   ${here} + ${taken}, ${seconds}`)
  }
  other.disconnect()
  await once(other, 'exit')
  await queue.unlink()
  rmSync(directory, { recursive: true })
  for (const sizes of [full, empty]) {
    const [, second = 0, ...later] = sizes
    if (later.some(size => size > second + SLACK)) process.exitCode = 1
  }
  console.log(process.exitCode ? 'The files grew.' : 'The files did not grow from the second round on.')
}
