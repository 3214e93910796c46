import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processMark } from '#src/os/process-mark'
import { type Payload, Payloads } from '#src/queues/durable/payloads'
import { scratch } from './help.js'

const newName = (pid: number | string = process.pid, mark = processMark()) => `${crypto.randomUUID()}.${pid}.${mark}`
const payload = (source: Payload['source'] = Buffer.from('bytes')): Payload => ({
  name: newName(),
  source,
  isWritten: false,
})

describe('the payloads of a durable queue', () => {
  it('are written by who waits and by who cannot at the same time, also where there was none before [S5]', async () => {
    for (let round = 0; round < 40; round++) {
      const directory = scratch()
      const payloads = new Payloads(directory)
      const [one, other] = [payload(), payload()]
      const written = payloads.write([one])
      for (let turn = round % 12; turn > 0; turn--) await undefined
      payloads.writeNow([other])
      await written
      expect(readdirSync(join(directory, 'payloads')).sort()).toEqual([one.name, other.name].sort())
    }
  })

  it('are never shorter than they were once they are on disk, though two write the same one', async () => {
    for (let round = 0; round < 40; round++) {
      const directory = scratch()
      const payloads = new Payloads(directory)
      const one = payload(Buffer.alloc(100_000, 7))
      const path = join(directory, 'payloads', one.name)
      payloads.writeNow([payload()])
      let isOver = false
      const written = payloads.write([one]).finally(() => (isOver = true))
      for (let turn = round % 12; turn > 0; turn--) await undefined
      payloads.writeNow([one])
      while (!isOver) {
        expect(statSync(path).size).toBe(100_000)
        await new Promise(setImmediate)
      }
      await written
    }
  })
})
