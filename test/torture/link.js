// @ts-nocheck: plain JavaScript that runs in processes of its own
// Two links in child processes, from a shared and from a durable queue to two of each kind, whose children are killed again and
// again under load; now and then one is stopped instead, and has to be noticed:
//   node test/torture/link.js [KILLS] [STOPS] [SEED]
// Prints figures; exits with 1 where a promise was broken.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { durableQueue, link, sharedQueue } from 'queuelink'
import { filter, firstValueFrom } from 'rxjs'
import { random } from './random.js'

const kills = Number(process.argv[2] ?? 100)
const stops = Number(process.argv[3] ?? 4)
const seed = Number(process.argv[4] ?? Date.now() % 1e9)
const next = random(seed)
const HEARTBEAT = 1000
const BATCH = 50
/** What a child may have taken and not settled: a window, and the rest of the parcel that fills it. */
const WINDOW = 512
const MOST = 1 << 23

const directory = mkdtempSync(join(tmpdir(), 'queuelink-torture-'))
let made = 0

function queue(kind) {
  made++
  if (kind === 'durable') return durableQueue(join(directory, `${made}`), { capacity: 4096 })
  return sharedQueue(`torture-link-${process.pid}-${made}`, { mode: 'create', capacity: 4096 })
}

/** What came out of a destination: how often each item, and how often one came behind a later one, which an item that comes again may. */
class Arrivals {
  counts = new Uint8Array(MOST)
  distinct = 0
  doubled = 0
  disordered = 0
  #last = -1

  constructor(from) {
    this.from = from
    this.done = from.consume(n => this.#arrived(n), { concurrency: 64 })
  }

  #arrived(n) {
    if (++this.counts[n] > 1) this.doubled++
    else {
      this.distinct++
      if (n < this.#last) this.disordered++
      this.#last = n
    }
  }
}

class Line {
  put = 0
  /** What children had not settled when they died, added up: no more than that may come twice. */
  unsettled = 0
  killed = 0
  stopped = 0

  static async make(kind) {
    return new Line(kind, await queue(kind), [await queue('shared'), await queue('durable')])
  }

  constructor(kind, source, destinations) {
    this.kind = kind
    this.source = source
    this.destinations = destinations
    this.arrivals = destinations.map(each => new Arrivals(each))
    this.link = link(source, destinations, {
      placement: 'process',
      heartbeat: HEARTBEAT,
      restart: { max: 1e9, backoff: 1 },
    })
  }

  async feed(isOver) {
    for (; !isOver() && this.put < MOST - BATCH; this.put += BATCH) {
      await this.source.putBatch(Array.from({ length: BATCH }, (_, n) => this.put + n))
      await sleep(1)
    }
    await this.source.shutdown()
  }

  async hit(signal) {
    const { pid } = await this.running()
    await sleep(next(signal === 'SIGSTOP' ? 20 : 150))
    const { restarts } = this.link.metrics()
    process.kill(pid, signal)
    if (signal === 'SIGSTOP') {
      this.stopped++
      this.unsettled += WINDOW
    } else {
      this.killed++
      while (lives(pid)) await sleep(1)
      this.unsettled += (await this.source.stat()).leased
    }
    for (let waited = 0; this.link.metrics().restarts === restarts; waited += 5) {
      if (waited > 30_000) throw new Error(`the end of ${pid} by ${signal} was not noticed`)
      await sleep(5)
    }
    await this.running(pid)
  }

  /** A child other than that one runs; throws why the link has ended, if it has. */
  async running(but) {
    const { status$, done } = this.link
    const other = filter(({ pid, state }) => state === 'running' && pid !== but)
    return firstValueFrom(status$.pipe(other)).catch(async error => {
      await done
      throw error
    })
  }

  async end() {
    await this.link.done
    for (const each of this.destinations) await each.shutdown()
    await Promise.all(this.arrivals.map(({ done }) => done))
  }

  get figures() {
    const { put, killed, stopped, unsettled } = this
    const of = key => this.arrivals.map(arrivals => arrivals[key])
    const lost = this.arrivals.map(({ distinct }) => put - distinct)
    return {
      from: this.kind,
      put,
      killed,
      stopped,
      unsettled,
      doubled: of('doubled'),
      lost,
      disordered: of('disordered'),
    }
  }
}

/** A process that nobody has waited for yet does not live. */
function lives(pid) {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

const lines = [await Line.make('shared'), await Line.make('durable')]
let isOver = false
const feeding = lines.map(line => line.feed(() => isOver))
await Promise.all(
  lines.map(async (line, half) => {
    const signals = [...Array(kills).fill('SIGKILL'), ...Array(stops).fill('SIGSTOP')]
    for (const [n, signal] of signals.entries()) if (n % 2 === half) await line.hit(signal)
  }),
)
isOver = true
await Promise.all(feeding)
await Promise.all(lines.map(line => line.end()))
const figures = lines.map(line => line.figures)
for (const queue of lines.flatMap(({ source, destinations }) => [source, ...destinations])) await queue.unlink()
rmSync(directory, { recursive: true })

console.log(JSON.stringify({ seed, lines: figures }, null, 1))
const isBroken = ({ lost, doubled, unsettled }) =>
  lost.some(count => count !== 0) || doubled.some(count => count > unsettled)
if (figures.some(isBroken)) process.exitCode = 1
