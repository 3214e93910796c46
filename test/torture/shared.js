// @ts-nocheck: plain JavaScript that runs in processes of its own
// Producers and consumers of one shared queue, one of which is killed every 20 to 200 ms and replaced:
//   node test/torture/shared.js [SECONDS] [SEED]
// Prints figures; exits with 1 where a promise was broken.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { sharedQueue } from 'queuelink'
import { random } from './random.js'

const seconds = Number(process.argv[2] ?? 60)
const seed = Number(process.argv[3] ?? Date.now() % 1e9)
const next = random(seed)
const script = fileURLToPath(new URL('shared-child.js', import.meta.url))
const name = `torture-${process.pid}`
const PRODUCERS = 4
const CONSUMERS = 4

const queue = await sharedQueue(name, { mode: 'create', capacity: 512, bytes: 1 << 20 })
const figures = { seed, seconds, kills: 0, intended: 0, put: 0, delivered: 0, again: 0, acked: 0, nacked: 0 }
const wrong = { torn: 0, lost: 0, partial: 0, shared: 0, refused: 0, left: 0, failed: 0 }
const put = new Set()
const batches = []
/** Of each item: who had it, from when to when. */
const held = new Map()
const users = new Set()
const all = []
const logs = mkdtempSync(join(tmpdir(), 'queuelink-torture-'))
let made = 0

function start(role) {
  const id = `${role[0]}${++made}`
  const log = join(logs, id)
  const child = fork(script, [role, name, id, String(next(2 ** 31)), log])
  const user = { role, id, log, child, works: false, diedAt: undefined }
  child.once('message', () => {
    user.works = true
  })
  user.over = once(child, 'exit').then(([code, signal]) => {
    users.delete(user)
    if (signal !== 'SIGKILL' && code !== 0) wrong.failed++
  })
  users.add(user)
  all.push(user)
}

/** What a user was told, as its log says. */
function read(user) {
  user.out = new Map()
  if (existsSync(user.log)) {
    // The last line may be cut off by death.
    for (const line of readFileSync(user.log, 'utf8').split('\n').slice(0, -1)) note(user, ...line.split(' '))
  }
  for (const span of user.out.values()) span.to = user.diedAt ?? span.from
}

function note(user, what, ids, ...rest) {
  const at = BigInt(rest.at(-1))
  if (what === 'intend') {
    figures.intended += ids.split(',').length
    batches.push(ids.split(','))
  } else if (what === 'put') for (const id of ids.split(',')) put.add(id)
  else if (what === 'got' || what === 'torn') {
    if (what === 'torn') wrong.torn++
    figures.delivered++
    const span = { by: user.id, from: at, to: undefined }
    user.out.set(ids, span)
    if (held.has(ids)) figures.again++
    held.set(ids, [...(held.get(ids) ?? []), span])
  } else if (what === 'ack' || what === 'back') {
    const span = user.out.get(ids)
    if (span) span.to = at
    user.out.delete(ids)
    figures[what === 'ack' ? 'acked' : 'nacked']++
  } else if (what === 'refused') wrong.refused++
}

for (let n = 0; n < PRODUCERS; n++) start('producer')
for (let n = 0; n < CONSUMERS; n++) start('consumer')
while ([...users].some(user => !user.works)) await new Promise(resolve => setTimeout(resolve, 20))
const end = Date.now() + seconds * 1000
while (Date.now() < end) {
  await new Promise(resolve => setTimeout(resolve, 20 + next(180)))
  // Those who are still starting, only now and then: nothing would get done on a busy machine.
  const living = [...users].filter(user => user.diedAt === undefined && (user.works || next(20) === 0))
  const victim = living[next(Math.max(1, living.length))]
  if (!victim) continue
  victim.diedAt = process.hrtime.bigint()
  victim.child.kill('SIGKILL')
  figures.kills++
  start(victim.role)
}

// Producers finish, consumers drain the rest; what the dead held comes back meanwhile.
const finish = role => [...users].filter(user => user.role === role && user.diedAt === undefined)
for (const { child } of finish('producer')) if (child.connected) child.send('stop')
await Promise.all([...users].filter(user => user.role === 'producer').map(user => user.over))
await queue.shutdown()
const late = setTimeout(() => {
  console.error('torture: it does not come to an end', figures, wrong, JSON.stringify({ size: queue.size }))
  for (const { child } of users) child.kill('SIGKILL')
  process.exitCode = 1
}, 60_000)
await Promise.all([...users].map(user => user.over))
clearTimeout(late)

for (const user of all) read(user)
rmSync(logs, { recursive: true })
figures.put = put.size
for (const id of put) if (!held.has(id)) wrong.lost++
for (const ids of batches.filter(all => all.length > 3)) {
  const came = ids.filter(id => held.has(id)).length
  if (came > 0 && came < ids.length) wrong.partial++
}
for (const spans of held.values()) {
  spans.sort((a, b) => (a.from < b.from ? -1 : 1))
  for (let n = 1; n < spans.length; n++) {
    const [before, after] = [spans[n - 1], spans[n]]
    if (before.by !== after.by && after.from < (before.to ?? after.from)) wrong.shared++
  }
}
const { size, leased, delayed, bytes } = await queue.stat()
wrong.left = size + leased + delayed + bytes
await queue.unlink()
console.log(JSON.stringify({ ...figures, wrong }))
if (Object.values(wrong).some(count => count > 0)) process.exitCode = 1
