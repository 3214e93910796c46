import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Ledger } from '#src/queues/shared/ledger'
import { open } from '../queues/shared/users.js'

interface Item {
  readonly batch: number
  readonly k: number
  readonly fill: Buffer
}

interface Said {
  intended: number[]
  put: number[]
  acked: Set<string>
}

const script = fileURLToPath(new URL('../fixtures/shared-mortal.js', import.meta.url))
const idOf = ({ batch, k }: Item) => `${batch}.${k}`

/** Runs a process until it dies at the step; answers what it said, and the queue as the next one finds it. */
async function dieAt(step: string, times: number, fault = '') {
  const queue = await open<Item>(undefined, { bytes: 16_384, capacity: 32 })
  await queue.put({ batch: -1, k: 0, fill: Buffer.alloc(0) })
  const child = fork(script, [queue.name, step, String(times), fault])
  const said: Said = { intended: [], put: [], acked: new Set() }
  child.on('message', (message: { intend?: number; put?: number; ack?: Item }) => {
    if (message.intend !== undefined) said.intended.push(message.intend)
    if (message.put !== undefined) said.put.push(message.put)
    if (message.ack) said.acked.add(idOf(message.ack))
  })
  const [, signal] = await once(child, 'close')
  expect(signal).toBe('SIGKILL')
  return { queue, said }
}

type Died = Awaited<ReturnType<typeof dieAt>>

/** Everything that is left, as it comes to the next consumer; `torn`: how many could not be read. */
async function rest({ queue }: Died) {
  const items: Item[] = []
  let torn = 0
  const held = async () => {
    const { size, delayed, leased } = await queue.stat()
    return size + delayed + leased
  }
  while ((await held()) > 0) {
    try {
      items.push(await queue.get({ timeout: 3000 }))
    } catch (error) {
      torn++
      if (torn > 3) break
      void error
    }
  }
  return { items, torn }
}

/** Broken promises, one word each. */
async function broken(died: Died): Promise<string[]> {
  const { said, queue } = died
  const { items, torn } = await rest(died)
  const ids = items.map(idOf)
  const wrong: string[] = []
  if (torn > 0 || items.some(({ fill }) => fill.some(byte => byte !== fill.length % 256))) wrong.push('torn')
  if (new Set(ids).size < ids.length) wrong.push('doubled')
  const stored = new Set(said.put)
  for (const batch of said.intended) {
    const came = [0, 1, 2, 3, 4].filter(k => ids.includes(`${batch}.${k}`) || said.acked.has(`${batch}.${k}`)).length
    if (came < 5 && (stored.has(batch) || came > 0)) wrong.push('lost')
  }
  if (!ids.includes('-1.0')) wrong.push('lost the oldest')
  const { size, leased, delayed, bytes } = await queue.stat()
  if (size + leased + delayed + (bytes ?? 0) !== 0) wrong.push('left over')
  return wrong
}

const STEPS: readonly [step: string, times: number][] = [
  ['before copy', 3],
  ['after copy', 4],
  ['before flip', 6],
  ['after flip', 5],
  ['after put', 7],
  ['in take', 13],
  ['after take', 9],
  ['in ack', 8],
  ['after ack', 6],
  ['in giveBack', 5],
  ['after giveBack', 4],
  ['in promote', 2],
  ['forwarded, not committed', 1],
  ['after unlock', 40],
]

describe('a process that is killed in the midst of a shared queue (Q12.1) (Q12.6) (P20) (P23)', () => {
  for (const [step, times] of STEPS) {
    it(`leaves it whole: ${step}`, async () => {
      expect(await broken(await dieAt(step, times))).toEqual([])
    })
  }

  it('control: bytes copied after the commit are found torn', async () => {
    expect(await broken(await dieAt('after flip', 3, 'copies after the commit'))).toContain('torn')
  })

  it('control: a thief that does not look through the words loses items', async () => {
    const { repair } = Ledger.prototype
    Ledger.prototype.repair = () => {}
    try {
      const died = await dieAt('after flip', 3)
      const { queue } = died
      const seen: unknown[] = []
      for (;;) {
        const item = await queue.get({ timeout: 1500 }).catch(() => undefined)
        if (item === undefined) break
        seen.push(item)
      }
      const { size, leased } = await queue.stat()
      expect(seen.length + size === 6 && leased === 0).toBe(false)
    } finally {
      Ledger.prototype.repair = repair
    }
  })
})

describe('leases of the living', () => {
  it('stay theirs while the queue is repaired', async () => {
    const queue = await open<number>()
    const other = await open<number>(queue.name)
    await queue.putBatch([1, 2])
    const mine = await queue.receive()
    ledgerOf(other).repair()
    const theirs = await other.receive()
    expect([mine.value, theirs.value]).toEqual([1, 2])
    await mine.ack()
    await theirs.ack()
  })

  it('control: stolen, an item is with two at once, and the first owner is refused (Q7.1) (P14)', async () => {
    const queue = await open<number>()
    const other = await open<number>(queue.name)
    await queue.put(1)
    const mine = await queue.receive()
    ledgerOf(other).repair(0)
    const theirs = await other.receive()
    expect([mine.value, theirs.value, theirs.attempt]).toEqual([1, 1, 2])
    await expect(mine.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    await theirs.ack()
    expect((await other.stat()).settled).toBe(1)
  })
})

function ledgerOf(queue: object): Ledger {
  const { mailbox } = queue as { mailbox: { store: { ledger: Ledger } } }
  return mailbox.store.ledger
}
