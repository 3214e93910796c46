import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { Reference } from '#src/core/spill'
import { SpillError } from '#src/errors/spill-error'
import { processMark } from '#src/os/process-mark'
import { type Payload, Payloads, payloadOf } from '#src/queues/durable/payloads'
import { codeOf, codeThrown, until } from '../help.js'
import { scratch } from './help.js'
import { entry, pathsOpen } from './parts.js'

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

  it('are files that only this user can read, in a directory that only this user can enter', async () => {
    for (const how of ['write', 'writeNow'] as const) {
      const directory = scratch()
      const one = payload()
      await new Payloads(directory)[how]([one])
      const path = join(directory, 'payloads', one.name)
      expect([statSync(path).mode & 0o777, statSync(join(directory, 'payloads')).mode & 0o777]).toEqual([0o600, 0o700])
      expect([readFileSync(path, 'utf8'), one.isWritten]).toEqual(['bytes', true])
      expect(pathsOpen().filter(open => open.startsWith(directory))).toEqual([])
    }
  })

  it('stand for the value of an entry, which keeps all else [S1]', () => {
    const payloads = new Payloads(scratch())
    const encoded = encode({ large: 'value' })
    const kept = Buffer.from(encoded)
    const { entry: small, payload: one } = payloads.spill(entry({ large: 'value' }, 1234, 'key', { h: 'x' }), encoded)
    const { value, enqueuedAt, headers, key } = small
    expect([enqueuedAt, headers, key]).toEqual([1234, { h: 'x' }, 'key'])
    expect([payloadOf(value), payloadOf('other'), payloadOf(undefined)]).toEqual([one.name, undefined, undefined])
    // The codec writes the next value into the same memory.
    encoded.fill(0)
    expect([Buffer.from(one.source as Uint8Array).equals(kept), one.isWritten]).toEqual([true, false])
    payloads.writeNow([one])
    expect([payloads.read(value as Reference), (value as Reference).bytes]).toEqual([{ large: 'value' }, kept.length])
    expect(payloadOf(payloads.spill(entry({ large: 'value' })).entry.value)).not.toBe(one.name)
  })

  it('are given to nobody when they are not what was written, gone, or elsewhere [S8]', () => {
    const directory = scratch()
    const payloads = new Payloads(directory)
    const { entry: small, payload: one } = payloads.spill(entry('value'))
    const reference = small.value as Reference
    const path = join(directory, 'payloads', one.name)
    payloads.writeNow([one])
    const failing = [new Reference(one.name, 99, reference.checksum), new Reference(one.name, reference.bytes, 'other')]
    for (const of of failing) expect(() => payloads.read(of)).toThrow(SpillError)
    writeFileSync(path, 'abcdef')
    expect(() => payloads.read(reference)).toThrow('is not what was written')
    unlinkSync(path)
    const gone = expect.objectContaining({ code: 'ERR_SPILL', cause: expect.objectContaining({ code: 'ENOENT' }) })
    expect(() => payloads.read(reference)).toThrow(gone)
    writeFileSync(join(directory, 'other'), encode('value'))
    const { bytes, checksum } = reference
    for (const name of ['../other', '..', `${one.name}/../../other`, `../payloads/${one.name}`, '']) {
      expect(() => payloads.pathOf(new Reference(name, bytes, checksum))).toThrow('outside the queue')
      expect(() => payloads.read(new Reference(name, bytes, checksum))).toThrow('outside the queue')
    }
  })

  it('of another queue are linked, not copied, also where an attempt before came half the way', async () => {
    for (const how of ['write', 'writeNow'] as const) {
      const directory = scratch()
      const payloads = new Payloads(directory)
      const from = join(directory, 'from')
      writeFileSync(from, encode('value'))
      const { checksum, bytes } = payloads.spill(entry('value')).entry.value as Reference
      const { reference, payload: one } = payloads.adopt({
        path: from,
        reference: new Reference('theirs', bytes, checksum),
        renamed: () => ({ bytes: Buffer.alloc(0), count: 1 }),
      })
      expect([reference.file, reference.bytes, one.source, one.isWritten]).toEqual([one.name, bytes, from, false])
      mkdirSync(join(directory, 'payloads'))
      writeFileSync(join(directory, 'payloads', one.name), 'half')
      await payloads[how]([one])
      expect([payloads.read(reference), statSync(payloads.pathOf(reference)).ino]).toEqual([
        'value',
        statSync(from).ino,
      ])
    }
  })

  it('are not there, and say why, when they cannot be written', async () => {
    const missing = new Payloads(join(scratch(), 'gone'))
    const directory = scratch()
    writeFileSync(join(directory, 'payloads'), '')
    const foreign = new Payloads(directory)
    const unlinked = new Payloads(scratch())
    for (const [payloads, source, code] of [
      [missing, Buffer.from('x'), 'ERR_FILE'],
      [foreign, Buffer.from('x'), 'ERR_FOREIGN'],
      [unlinked, join(scratch(), 'gone'), 'ERR_FILE'],
    ] as const) {
      const one = payload(source)
      expect([await codeOf(payloads.write([one])), codeThrown(() => payloads.writeNow([one]))]).toEqual([code, code])
      expect(one.isWritten).toBe(false)
    }
  })

  it('are removed when nobody refers to them, and nothing else is', async () => {
    const directory = scratch()
    const payloads = new Payloads(directory)
    const [one, other] = [payload(), payload()]
    payloads.writeNow([one, other])
    writeFileSync(join(directory, 'data'), '')
    payloads.drop([one.name, '../data', newName()])
    await until(() => readdirSync(join(directory, 'payloads')).length === 1)
    expect([existsSync(join(directory, 'data')), readdirSync(join(directory, 'payloads'))]).toEqual([
      true,
      [other.name],
    ])
    // What cannot be removed is no failure.
    rmSync(join(directory, 'payloads'), { recursive: true })
    writeFileSync(join(directory, 'payloads'), '')
    payloads.drop([other.name])
    await new Promise(resolve => setTimeout(resolve, 5))
  })

  it('that the dead left are swept, unless an item refers to them; those of others after a day', () => {
    const directory = scratch()
    const folder = join(directory, 'payloads')
    const payloads = new Payloads(directory)
    payloads.sweep(() => true)
    expect(existsSync(folder)).toBe(false)
    mkdirSync(folder)
    const days = (count: number) => (Date.now() - count * 24 * 3600 * 1000) / 1000
    const elsewhere = `${processMark().split('.')[0]}.1`
    const [living, dead, referred] = [newName(), newName(999_999_999), newName(999_999_999)]
    const [reused, foreign, forgotten] = [
      newName(process.pid, `1.${processMark().split('.')[1]}`),
      newName(7, elsewhere),
      newName(7, elsewhere),
    ]
    const left = ['other', `${living}.more`, `x${dead}`, crypto.randomUUID()]
    for (const name of [living, dead, referred, reused, foreign, forgotten, ...left]) {
      writeFileSync(join(folder, name), '')
      utimesSync(join(folder, name), days(2), days(2))
    }
    utimesSync(join(folder, foreign), days(0.9), days(0.9))
    symlinkSync(join(directory, 'gone'), join(folder, newName(7, elsewhere)))
    const dangling = readdirSync(folder).find(name => !existsSync(join(folder, name)))
    const asked: string[] = []
    payloads.sweep(name => asked.push(name) > 0 && name === referred)
    expect(asked.sort()).toEqual([dead, referred, reused, forgotten].sort())
    expect(readdirSync(folder).sort()).toEqual([living, referred, foreign, dangling, ...left].sort())
  })
})
