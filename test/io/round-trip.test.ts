import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Format, fromFile, fromIterable, toFile } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { outcome, workDir } from './help.js'

const dir = workDir()

/** Text of every awkward sort: across the borders of reads, with every kind of end, and none. */
const TEXTS: [string, string][] = [
  ['an empty file', ''],
  ['a line feed', '\n'],
  ['several', '\n\n\n'],
  ['no line feed at the end', 'a\nb'],
  ['CR LF', 'a\r\nb\r\n'],
  ['a lone CR', 'a\rb\r'],
  ['CR LF across the border of two reads', `${'x'.repeat(256 * 1024 - 1)}\r\n${'y'.repeat(64 * 1024 - 3)}\r\n`],
  ['NUL bytes', '\0\n\0\0\na\0b\n'],
  ['a byte order mark', '\uFEFFa\n\uFEFFb\n'],
  ['other line ends of Unicode', '\u2028a\u2029\n\u0085\v\f\n'],
  ['two bytes across every border', `x${'é'.repeat(200_000)}\n`],
  ['three bytes across every border', `${'€'.repeat(200_000)}\n`],
  ['four bytes across every border', `xx${'😀'.repeat(100_000)}\n`],
  ['a line of 50 MB', `${'é'.repeat(25_000_000)}\nend\n`],
  ['quotes and backslashes', '"\\n"\n\\\n\\"\n\'\n'],
]

async function copy(as: Format, from: string, to: string): Promise<void> {
  const sink = toFile(to, { as })
  fromFile(from, { as }).subscribe(sink as never)
  await sink.done
}

/** Through a file of the format and back, as items. */
async function carried(as: Format, items: readonly unknown[], name = as as string): Promise<unknown[]> {
  const path = join(dir(), name)
  const sink = toFile<unknown>(path, { as: as as 'json' })
  fromIterable(items).subscribe(sink)
  await sink.done
  const { values, error } = await outcome(fromFile<unknown>(path, { as: as as 'json' }))
  if (error !== undefined) throw error
  return values
}

describe.each(TEXTS)('%s', (_, text) => {
  it.each(['', '.gz'])('E2, E13: is copied byte for byte, by lines but for the last line feed (%s)', async suffix => {
    const names = ['from', 'bytes', 'lines', 'again'].map(name => join(dir(), `${name}${suffix}`))
    const [from = '', bytes = '', lines = '', again = ''] = names
    const source = Buffer.from(text)
    if (suffix === '') writeFileSync(from, source)
    else {
      if (text.length > 1_000_000) return
      const sink = toFile(from, { as: 'bytes' })
      fromIterable([source]).subscribe(sink)
      await sink.done
    }
    await copy('bytes', from, bytes)
    await copy('lines', bytes, lines)
    if (suffix === '.gz') await copy('lines', lines, again)
    const ended = text === '' || text.endsWith('\n') ? source : Buffer.concat([source, Buffer.from('\n')])
    if (suffix === '') {
      expect(readFileSync(bytes).equals(source)).toBe(true)
      expect(readFileSync(lines).equals(ended)).toBe(true)
    } else {
      const { values } = await outcome(fromFile(again, { as: 'bytes' }))
      expect(Buffer.concat(values).equals(ended)).toBe(true)
    }
  })

  it.each(['json', 'frames'] as const)('E1, E10: its lines come back from %s', async as => {
    const items = [...text.split('\n'), text.slice(0, 1_000_000)]
    const back = await carried(as, items)
    expect(back.length).toBe(items.length)
    expect(back.every((item, i) => item === items[i])).toBe(true)
  })
})

it('E13: the items of a copy are equal, with or without a last line feed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.stringMatching(/^[\n\r\0aé€😀]{0,40}$/u), async text => {
      const [from, to] = [join(dir(), 'from'), join(dir(), 'to')]
      writeFileSync(from, text)
      await copy('lines', from, to)
      const [before, after] = [await outcome(fromFile(from)), await outcome(fromFile(to))]
      expect(after).toEqual(before)
    }),
    { numRuns: 50 },
  )
})

it('E1: any bytes pass as bytes, in items of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 })), async chunks => {
      const back = (await carried('bytes', chunks)) as Buffer[]
      expect(Buffer.concat(back).equals(Buffer.concat(chunks))).toBe(true)
    }),
    { numRuns: 30 },
  )
})
