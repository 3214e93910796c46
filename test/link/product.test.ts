import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DestinationKind, destinationKinds } from './product/destinations.js'
import { ends } from './product/kinds.js'
import { LiveLink } from './product/live.js'
import { carried, move } from './product/move.js'
import { coveringSets, subsets } from './product/sets.js'
import { type SourceKind, sourceKinds } from './product/sources.js'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-product-'))
const sources = sourceKinds(directory)
const destinations = destinationKinds(directory)
const isLong = process.env.QUEUELINK_LONG === '1'
const counts: Record<string, number> = {}

afterAll(async () => {
  for (const end of ends) await end()
  rmSync(directory, { recursive: true })
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  console.log(`source kinds × destination kinds: ${total} combinations`, counts)
})

const counted = (placement: string, { length }: readonly DestinationKind[]): void => {
  const size = `${placement}, ${length}`
  counts[size] = (counts[size] ?? 0) + 1
}

/** Makes the moves that these ends can carry; answers what went wrong. */
async function tried(
  placement: string,
  source: SourceKind,
  sets: readonly DestinationKind[][],
  moveTo: (set: DestinationKind[], at: number) => Promise<void>,
): Promise<string[]> {
  const failures: string[] = []
  for (const [at, set] of sets.entries()) {
    if (carried(source, set).length === 0) continue
    counted(placement, set)
    try {
      await moveTo(set, at)
    } catch (error) {
      failures.push(`${source.name} to ${set.map(({ name }) => name).join(' + ')}: ${(error as Error).message}`)
    }
  }
  return failures
}

const timeout = isLong ? 3_600_000 : 60_000
const all = sources.map((source, turn) => ({ ...source, turn }))

describe('inline, a link moves every value unchanged to one to three destinations [L1][L11]', () => {
  it.each(all)('from: $name', { timeout }, async ({ turn, ...source }) => {
    const alone = isLong ? subsets(destinations, 3) : subsets(destinations, 1)
    const small = await tried('inline', source, alone, set => move(source, set, 'inline'))
    const covering = coveringSets(destinations, turn)
    const large = await tried('inline', source, covering, (set, at) => move(source, set, 'inline', turn + at))
    expect([...small, ...large]).toEqual([])
  })
})

describe.each(['thread', 'process'] as const)('placed %s, a link does the same [L1][L11]', placement => {
  let lives: LiveLink[] = []
  beforeAll(() => {
    lives = Array.from({ length: 4 }, () => new LiveLink(placement))
  })
  afterAll(async () => {
    for (const live of lives) await live.close()
  })

  it.each(all)('from: $name', { timeout }, async ({ turn, ...source }) => {
    const covering = coveringSets(destinations, turn)
    const some = placement === 'process' ? covering : covering.slice(turn % 3, (turn % 3) + 3)
    const sets = isLong ? subsets(destinations, 3) : some
    // Side by side, where neither the source nor a destination is in two of them.
    const lanes = isLong || source.isKept ? lives.slice(0, 1) : lives
    const small = await Promise.all(
      lanes.map((live, lane) => {
        const own = sets.filter((_, at) => at % lanes.length === lane)
        return tried(placement, source, own, set => live.move(source, set))
      }),
    )
    // And some by a link of their own, with values of a MiB.
    const own =
      turn % 4 === (placement === 'process' ? 0 : 2) ? [coveringSets(destinations, turn + 1)[2 + (turn % 5)] ?? []] : []
    const large = await tried(placement, source, own, set => move(source, set, placement, turn))
    expect([...small.flat(), ...large]).toEqual([])
  })
})
