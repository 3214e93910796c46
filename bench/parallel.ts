// Work that keeps a processor busy, done by two children, beside piscina: tasks a second, the best of some rounds.
import { createHash } from 'node:crypto'
import { isMainThread } from 'node:worker_threads'
import { fifoQueue, step } from 'queuelink'
import { parallel, settle } from 'queuelink/operators'
import { peer } from './peer.js'

const TASKS = 1500
const ROUNDS = 4
const WORKERS = 2

/** About a millisecond. What a child is told to do. */
export function work(n: number): number {
  let digest = Buffer.from(String(n))
  for (let i = 0; i < 400; i++) digest = createHash('sha256').update(digest).digest()
  return digest.readUInt16BE()
}

interface Pool {
  run(task: number): Promise<number>
  destroy(): Promise<void>
}
type Piscina = { Piscina: new (o: object) => Pool }

/** Milliseconds for all tasks, without the start of the children, which the first tasks wait for. */
type Contest = () => Promise<number>

function ours(placement: 'process' | 'thread', ordered: boolean): Contest {
  return async () => {
    const tasks = fifoQueue<number>()
    await tasks.putBatch(Array.from({ length: WORKERS * 8 }, (_, n) => n))
    const worked = step<typeof work>(new URL(import.meta.url), 'work')
    let answers = 0
    let start = 0
    await new Promise<void>(complete => {
      const answered = (): void => {
        if (++answers !== WORKERS * 8) return
        start = performance.now()
        void tasks.putBatch(Array.from({ length: TASKS }, (_, n) => n)).then(() => tasks.shutdown())
      }
      tasks
        .deliveries()
        .pipe(parallel(worked, { workers: WORKERS, ordered, placement }), settle())
        .subscribe({ next: answered, complete })
    })
    return performance.now() - start
  }
}

function theirs({ Piscina }: Piscina): Contest {
  return async () => {
    const pool = new Piscina({
      filename: new URL(import.meta.url).href,
      name: 'work',
      minThreads: WORKERS,
      maxThreads: WORKERS,
    })
    await Promise.all(Array.from({ length: WORKERS * 8 }, (_, n) => pool.run(n)))
    const start = performance.now()
    await Promise.all(Array.from({ length: TASKS }, (_, n) => pool.run(n)))
    const ms = performance.now() - start
    await pool.destroy()
    return ms
  }
}

async function main(): Promise<void> {
  const piscina = peer<Piscina>('piscina')
  const contests: [string, Contest][] = [
    ['parallel, child processes', ours('process', false)],
    ['parallel, child processes, ordered', ours('process', true)],
    ['parallel, threads', ours('thread', false)],
    ['parallel, threads, ordered', ours('thread', true)],
  ]
  if (piscina) contests.push(['piscina', theirs(piscina)])
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, contest] of contests)
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, await contest()))
  }
  for (const [name, ms] of best) console.log(`${name}: ${Math.round((TASKS / ms) * 1000)} tasks a second`)
}

// A child imports this module for its work alone.
if (isMainThread && process.argv[1] === new URL(import.meta.url).pathname) await main()
