// From put to a sleeping consumer in another process and back: half of it is one way. Median, 99th of a hundred, worst, in µs,
// beside child_process.send in the same run.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sharedQueue } from 'queuelink'

const SAMPLES = 2000
const WARM = 20_000

function report(name: string, samples: number[]): void {
  samples.sort((a, b) => a - b)
  const at = (share: number): string =>
    `${(((samples[Math.floor(share * (samples.length - 1))] as number) / 2) * 1000).toFixed(0)}`
  console.log(
    `${name.padEnd(24)} p10 ${at(0.1)}  p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}  max ${at(1)}  µs one way`,
  )
}

interface Contest {
  readonly name: string
  send(n: number): void
}

/**
 * Times for round trips, each when the other side has gone to sleep; before that, many in a row, until the code of both is compiled. The
 * contests take turns, since a machine may be twice as fast in one second as in the next.
 */
async function sampled(contests: readonly Contest[]): Promise<void> {
  const samples = contests.map((): number[] => [])
  for (const { send } of contests) for (let n = 0; n < WARM; n++) await roundTrip(() => send(n))
  for (let n = 0; n < SAMPLES; n++) {
    for (const [contest, { send }] of contests.entries()) {
      await sleep(1)
      const start = performance.now()
      await roundTrip(() => send(n))
      samples[contest]?.push(performance.now() - start)
    }
  }
  for (const [contest, { name }] of contests.entries()) report(name, samples[contest] ?? [])
}

/** What both ways of sending have in common: somebody listens, and is told. */
let arrived = (_: unknown): void => {}

function roundTrip(send: () => void): Promise<unknown> {
  const echo = new Promise(resolve => void (arrived = resolve))
  send()
  return echo
}

const [there, back] = await Promise.all(
  ['there', 'back'].map(end => sharedQueue<number>(`bench-${end}-${process.pid}`, { mode: 'create' })),
)
if (!there || !back) throw new Error('no queues')
const child = fork(fileURLToPath(new URL('./latency-echo.js', import.meta.url)), [there.name, back.name])
await once(child, 'message')

child.on('message', message => arrived(message))
back.subscribe(n => arrived(n))

await sampled([
  { name: 'child_process.send', send: n => void child.send(n) },
  { name: 'queuelink, shared queue', send: n => void there.put(n) },
])
await there.shutdown()
await once(child, 'exit')
await Promise.all([there.unlink(), back.unlink()])
