import { randomUUID } from 'node:crypto'
import { fifoQueue, link, type SyncQueue, sharedQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { leavesNothing, PLACEMENTS, range, until } from './help.js'

leavesNothing()

describe.each(PLACEMENTS)('the report of a link placed %s', placement => {
  it.concurrent.each(['in memory', 'shared'] as const)(
    '[L34][L35] says what stayed where, of each destination, when one is full and nobody reads: queues %s',
    async kind => {
      const made: SyncQueue<number>[] = []
      const queue = async (capacity: number): Promise<SyncQueue<number>> => {
        const one =
          kind === 'shared' ? await sharedQueue<number>(randomUUID(), { capacity }) : fifoQueue<number>({ capacity })
        made.push(one)
        return one
      }
      const [source, full, other, free] = [await queue(1000), await queue(10), await queue(20), await queue(1000)]
      for (const n of range(0, 1000)) await source.put(n)
      const linked = link(source, [full, other, free], { placement, prefetch: 64 })
      await until(() => full.size === 10 && other.size === 20 && free.size === 74, 'a standstill')
      const report = await linked.stop({ timeout: 200 })
      const passed = 10 + report.returned
      expect(report).toMatchObject({ moved: 10, forced: true, sources: [{ moved: 10, returned: report.returned }] })
      expect(report.destinations).toMatchObject([
        { stored: 10, left: passed - 10, dropped: 0 },
        { stored: 20, left: passed - 20, dropped: 0 },
        { stored: free.size, left: passed - free.size, dropped: 0 },
      ])
      await until(() => source.size === 990, 'the return of what is left')
      expect([full.size, other.size, passed, free.size]).toEqual([10, 20, 74, 74])
      if (kind === 'shared') for (const one of made) await one.unlink()
    },
  )
})
