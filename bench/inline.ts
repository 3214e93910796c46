// Queue to queue in one thread, with a receipt for every item, beside a Subject: millions of items a second.
// Counted in processor time of this process, the best of some rounds, so that a busy machine changes little.
import { fifoQueue } from 'queuelink'
import { map, Subject } from 'rxjs'

const ITEMS = 1_000_000
const ROUNDS = 7

const increment = (n: number): number => n + 1

/** Prepares a contest; the answer runs it, and says how many items arrived. */
type Contest = () => () => number

const subject: Contest = () => {
  const source = new Subject<number>()
  let received = 0
  source.pipe(map(increment)).subscribe(() => received++)
  return () => {
    for (let n = 0; n < ITEMS; n++) source.next(n)
    return received
  }
}

const live: Contest = () => {
  const [from, to] = [fifoQueue<number>(), fifoQueue<number>()]
  let received = 0
  from.pipe(map(increment)).subscribe(to)
  to.subscribe(() => received++)
  return () => {
    for (let n = 0; n < ITEMS; n++) from.next(n)
    return received
  }
}

const putNowait: Contest = () => {
  const [from, to] = [fifoQueue<number>(), fifoQueue<number>()]
  let received = 0
  from.pipe(map(increment)).subscribe(to)
  to.subscribe(() => received++)
  return () => {
    for (let n = 0; n < ITEMS; n++) from.putNowait(n)
    return received
  }
}

const prefilled: Contest = () => {
  const [from, to] = [fifoQueue<number>(), fifoQueue<number>()]
  let received = 0
  for (let n = 0; n < ITEMS; n++) from.putNowait(n)
  to.subscribe(() => received++)
  return () => {
    from.pipe(map(increment)).subscribe(to)
    return received
  }
}

const contests: Record<string, Contest> = {
  'Subject, map, subscriber': subject,
  'queue, map, queue, subscriber: next': live,
  'queue, map, queue, subscriber: putNowait': putNowait,
  'queue, map, queue, subscriber: prefilled': prefilled,
}

function round(name: string, make: Contest): number {
  const run = make()
  const before = process.cpuUsage()
  const received = run()
  const { user, system } = process.cpuUsage(before)
  if (received !== ITEMS) throw new Error(`${name}: ${received} of ${ITEMS} items arrived`)
  return ITEMS / (user + system)
}

const best: Record<string, number> = {}
for (let n = 0; n < ROUNDS; n++) {
  for (const [name, make] of Object.entries(contests)) best[name] = Math.max(best[name] ?? 0, round(name, make))
}
const baseline = best[Object.keys(best)[0] as string] as number
for (const [name, speed] of Object.entries(best)) {
  const share = `1/${(baseline / speed).toFixed(1)} of a Subject`
  console.log(`${name.padEnd(42)} ${speed.toFixed(2).padStart(6)} M/s   ${share}`)
}
