// What carrying deliveries through operators costs, beside a Subject: millions of items a second, the best of some rounds.
import { fifoQueue } from 'queuelink'
import { batch, each, perItem, settle } from 'queuelink/operators'
import { map, type Observable, Subject } from 'rxjs'

const ITEMS = 1_000_000
const ROUNDS = 5

const double = (n: number): number => n * 2
const numbers = () => fifoQueue<number>()
type Deliveries = ReturnType<ReturnType<typeof numbers>['deliveries']>

interface Contest {
  put(item: number): void
  received(): number
}

function subject(): Contest {
  const source = new Subject<number>()
  let received = 0
  source.pipe(map(double)).subscribe(() => received++)
  return { put: item => source.next(item), received: () => received }
}

/** From a queue to a queue, and out of that. */
function queues(through: (deliveries: Deliveries) => Observable<unknown>): () => Contest {
  return () => {
    const source = numbers()
    const target = fifoQueue<unknown>()
    let received = 0
    target.subscribe(value => {
      received += Array.isArray(value) ? value.length : 1
    })
    through(source.deliveries()).subscribe(target)
    return { put: item => source.putNowait(item), received: () => received }
  }
}

const contests: Record<string, () => Contest> = {
  'Subject, map': subject,
  settle: queues(deliveries => deliveries.pipe(settle())),
  'each(n => n * 2), settle': queues(deliveries => deliveries.pipe(each(double), settle())),
  'each(perItem(map)), settle': queues(deliveries => deliveries.pipe(each(perItem(map(double))), settle())),
  'each(async), 256 at work, settle': queues(deliveries =>
    deliveries.pipe(
      each(async n => n * 2, { concurrency: 256 }),
      settle(),
    ),
  ),
  'batch({ count: 100 }), settle': queues(deliveries => deliveries.pipe(batch({ count: 100 }), settle())),
}

async function round(make: () => Contest): Promise<number> {
  const { put, received } = make()
  const start = performance.now()
  for (let n = 0; n < ITEMS; n++) put(n)
  while (received() < ITEMS) await new Promise(resolve => setImmediate(resolve))
  return ITEMS / (performance.now() - start) / 1000
}

let baseline = 0
for (const [name, make] of Object.entries(contests)) {
  let best = 0
  for (let n = 0; n < ROUNDS; n++) best = Math.max(best, await round(make))
  baseline ||= best
  console.log(`${name.padEnd(34)} ${best.toFixed(2).padStart(6)} M/s   1/${(baseline / best).toFixed(1)} of a Subject`)
}
