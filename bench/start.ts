// From link() to the first item through a child, fresh and kept ready, beside the start of a bare Node: medians, in
// milliseconds. And what links that have nothing to do cost, in percent of one processor.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { link, type QueueLink, type SyncQueue, sharedQueue, warm } from 'queuelink'
import { filter, firstValueFrom } from 'rxjs'

const RUNS = 20
const IDLE = 5000
/** Of the times in /proc. */
const TICK = 10

type Ends = [from: SyncQueue<number>, to: SyncQueue<number>]

async function queues(): Promise<Ends> {
  const name = `bench-start-${process.pid}-${performance.now()}`
  return [await sharedQueue<number>(`${name}-from`), await sharedQueue<number>(`${name}-to`)]
}

async function firstItem([from, to]: Ends): Promise<number> {
  await from.put(7)
  const start = performance.now()
  const moving = link(from, to, { placement: 'process' })
  await to.get()
  const took = performance.now() - start
  await moving.stop()
  return took
}

async function firstItemWarm(ends: Ends): Promise<number> {
  await warm(1)
  // The next one is started when this one has been taken: not at the same time.
  await sleep(50)
  const took = await firstItem(ends)
  await warm(0)
  return took
}

async function bareNode(): Promise<number> {
  const start = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - start
}

function report(name: string, samples: number[]): void {
  samples.sort((a, b) => a - b)
  const at = (share: number): string => (samples[Math.floor(share * (samples.length - 1))] as number).toFixed(1)
  console.log(`${name.padEnd(28)} min ${at(0)}  median ${at(0.5)}  p90 ${at(0.9)}  max ${at(1)} ms`)
}

async function childOf({ status$ }: QueueLink): Promise<number> {
  const { pid } = await firstValueFrom(status$.pipe(filter(({ state }) => state === 'running')))
  return pid as number
}

/** Milliseconds of processor time that a process has had. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * TICK
}

/** Of this process and of a child. */
async function idle(): Promise<[own: number, child: number]> {
  const ends = await Promise.all([queues(), queues(), queues()])
  const links = ends.map(([from, to]) => link(from, to, { placement: 'process' }))
  const children = await Promise.all(links.map(childOf))
  await sleep(1000)
  const before = children.map(cpuOf)
  const { user, system } = process.cpuUsage()
  await sleep(IDLE)
  const own = process.cpuUsage()
  const used = children.reduce((sum, pid, n) => sum + cpuOf(pid) - (before[n] as number), 0) / children.length
  for (const each of links) await each.stop()
  for (const queue of ends.flat()) await queue.unlink()
  return [(own.user + own.system - user - system) / 1000, used]
}

const samples = { bare: [] as number[], fresh: [] as number[], warm: [] as number[] }
// The same ones for every run: opening a queue takes time of its own, and so does collecting the memory of the last one.
const ends = await queues()
for (let run = 0; run < RUNS; run++) {
  samples.bare.push(await bareNode())
  samples.fresh.push(await firstItem(ends))
  samples.warm.push(await firstItemWarm(ends))
}
for (const queue of ends) await queue.unlink()
report('node -e 0', samples.bare)
report('link(), a fresh child', samples.fresh)
report('link(), a child kept ready', samples.warm)
if (process.platform === 'linux') {
  const [own, child] = await idle()
  const percent = (ms: number): string => `${((ms / IDLE) * 100).toFixed(2)} %`
  console.log(`three idle links             ${percent(own)} of a processor here, ${percent(child)} in each child`)
}
