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

/** Time for a round trip, each when the other side has gone to sleep; before that, many in a row, until the code of both is compiled. */
async function sampled(roundTrip: (n: number) => Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  for (let n = 0; n < WARM; n++) await roundTrip(n)
  for (let n = 0; n < SAMPLES; n++) {
    await sleep(1)
    const start = performance.now()
    await roundTrip(n)
    samples.push(performance.now() - start)
  }
  return samples
}

const [there, back] = await Promise.all(
  ['there', 'back'].map(end => sharedQueue<number>(`bench-${end}-${process.pid}`, { mode: 'create' })),
)
if (!there || !back) throw new Error('no queues')
const child = fork(fileURLToPath(new URL('./latency-echo.js', import.meta.url)), [there.name, back.name])
await once(child, 'message')

/** What both ways of sending have in common: somebody listens, and is told. */
let arrived = (_: unknown): void => {}
const answer = (): Promise<unknown> => new Promise(resolve => void (arrived = resolve))
child.on('message', message => arrived(message))
back.subscribe(n => arrived(n))

report(
  'child_process.send',
  await sampled(n => {
    const echo = answer()
    child.send(n)
    return echo
  }),
)
report(
  'queuelink, shared queue',
  await sampled(n => {
    const echo = answer()
    void there.put(n)
    return echo
  }),
)
await there.shutdown()
await once(child, 'exit')
await Promise.all([there.unlink(), back.unlink()])
