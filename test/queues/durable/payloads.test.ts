import { readdirSync } from 'node:fs'
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
})
