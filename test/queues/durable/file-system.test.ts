import { readFileSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { QueueLinkError } from '#src/errors/queue-link-error'
import { checkDataFile, unusable } from '#src/queues/durable/check-data-file'
import { createDataFile } from '#src/queues/durable/create-data-file'
import {
  asPathError,
  bytesFree,
  checkFileSystem,
  diskFull,
  listDirectory,
  prepareDirectory,
} from '#src/queues/durable/file-system'
import { reserveLockFile } from '#src/queues/durable/reserve-lock-file'
import { synced } from '#src/queues/durable/synced'
import { TailRoom } from '#src/queues/durable/tail-room'
import { codeOf, codeThrown } from '../help.js'
import { scratch } from './help.js'
import { pathsOpen } from './parts.js'

describe('the directory of a queue', () => {
  it('is made with all above it, for this user alone, and is the same by whatever path', () => {
    const directory = scratch()
    const path = join(directory, 'above', 'queue')
    const identity = prepareDirectory(path)
    expect([statSync(path).mode & 0o777, prepareDirectory(path)]).toEqual([0o700, identity])
    symlinkSync(path, join(directory, 'link'))
    expect(prepareDirectory(join(directory, 'link'))).toBe(identity)
    expect(identity).toBe(`${statSync(path).dev}:${statSync(path).ino}`)
    expect(prepareDirectory(join(directory, 'above', 'other'))).not.toBe(identity)
  })

  it('cannot be a file, nor lie in one', () => {
    const file = join(scratch(), 'file')
    writeFileSync(file, '')
    expect([file, join(file, 'queue')].map(path => codeThrown(() => prepareDirectory(path)))).toEqual([
      'ERR_FOREIGN',
      'ERR_FOREIGN',
    ])
    expect(codeThrown(() => listDirectory(file))).toBe('ERR_FOREIGN')
    expect([listDirectory(join(file, '..', 'missing')), listDirectory(join(file, '..'))]).toEqual([undefined, ['file']])
    // Where nothing can be made, whoever asks.
    expect(codeThrown(() => prepareDirectory('/proc/queuelink/queue'))).toMatch(/^ERR_(FILE|NOT_WRITABLE)$/)
  })

  it('lies where locks hold [P10]', () => {
    const network = {
      NFS: 0x6969,
      SMB: 0x517b,
      CIFS: 0xff534d42,
      AFS: 0x5346414f,
      Ceph: 0x00c36400,
      Lustre: 0x0bd00bd0,
    }
    const more = { GPFS: 0x47504653, Coda: 0x73757245, GFS2: 0x01161970, OCFS2: 0x7461636f, 'SMB,': 0xfe534d42 }
    for (const [name, type] of Object.entries({ ...network, ...more }))
      for (const signed of [type, type | 0])
        expect(() => checkFileSystem('/mnt', signed)).toThrow(
          expect.objectContaining({
            code: 'ERR_NETWORK_FILE_SYSTEM',
            message: expect.stringContaining(name.slice(0, 3)),
          }),
        )
    for (const type of [0xef53, 0x01021994, 0x9123683e, 0x58465342, 0x794c7630])
      expect(() => checkFileSystem('/mnt', type)).not.toThrow()
  })

  it('tells what room there is', () => {
    const { bavail, bsize } = statfsSync(scratch())
    const free = bytesFree(scratch())
    expect(Math.abs(free - bavail * bsize)).toBeLessThan(0.2 * bavail * bsize)
  })
})

describe('what went wrong with a path', () => {
  it('gets a code, a sentence and its cause [Q16.1]', () => {
    const codes = {
      ...{ ENOSPC: 'ERR_NO_SPACE', EDQUOT: 'ERR_NO_SPACE' },
      ...{ EACCES: 'ERR_NOT_WRITABLE', EPERM: 'ERR_NOT_WRITABLE', EROFS: 'ERR_NOT_WRITABLE' },
      ...{ ENOTDIR: 'ERR_FOREIGN', EEXIST: 'ERR_FOREIGN', ENOENT: 'ERR_FILE', EIO: 'ERR_FILE' },
    }
    for (const [code, wanted] of Object.entries(codes)) {
      const cause = Object.assign(new Error('why'), { code })
      const error = asPathError('/some/where', cause)
      expect([error.code, error.cause, error.message.includes('/some/where')]).toEqual([wanted, cause, true])
    }
    expect(asPathError('/a', new Error('mdb_put: No space left on device')).code).toBe('ERR_NO_SPACE')
    const known = new QueueLinkError('known', 'ERR_BUSY')
    expect(asPathError('/a', known)).toBe(known)
    const cause = new Error('why')
    const given = [
      diskFull('/a', cause),
      unusable('/a', 'is odd', 'ERR_DAMAGED', cause),
      unusable('/a', 'is', 'ERR_FOREIGN'),
    ]
    expect(given.map(error => [error.code, error.cause])).toEqual([
      ['ERR_NO_SPACE', cause],
      ['ERR_DAMAGED', cause],
      ['ERR_FOREIGN', undefined],
    ])
  })
})

/** What a data file begins with, as lmdb writes it; and so many bytes in all. */
function headed(of: {
  pageSize?: number
  last: [number, number]
  transactions?: [number, number]
  size: number
}): Buffer {
  const { pageSize = 4096, last, transactions = [1, 2], size } = of
  const file = Buffer.alloc(size)
  for (const [page, at] of [0, pageSize].entries()) {
    if (at + 160 > size) continue
    file.writeUInt32LE(0xbeefc0de, at + 24)
    file.writeUInt32LE(pageSize, at + 48)
    file.writeBigUInt64LE(BigInt(last[page]!), at + 144)
    file.writeBigUInt64LE(BigInt(transactions[page]!), at + 152)
  }
  return file
}

describe('a data file', () => {
  const checked = (bytes: Buffer): unknown => {
    const path = join(scratch(), 'items-0.mdb')
    writeFileSync(path, bytes)
    return codeThrown(() => checkDataFile(path))
  }

  it('is whole when it has all pages that the newer of its heads counts [P10]', () => {
    for (const pageSize of [512, 1024, 4096, 16_384, 65_536]) {
      const size = 8 * pageSize
      expect(checked(headed({ pageSize, last: [7, 7], size }))).toBe(undefined)
      for (const [last, transactions, code] of [
        [[7, 8], [1, 2], 'ERR_DAMAGED'],
        [[8, 7], [2, 1], 'ERR_DAMAGED'],
        [[8, 7], [2, 2], 'ERR_DAMAGED'],
        [[8, 7], [1, 2], undefined],
        [[7, 8], [2, 1], undefined],
      ] as const)
        expect(checked(headed({ pageSize, last: [...last], transactions: [...transactions], size }))).toBe(code)
      expect(checked(headed({ pageSize, last: [7, 7], size }).subarray(0, size - 1))).toBe('ERR_DAMAGED')
    }
  })

  it('is another thing without that head, and damaged where it is half there [P10]', () => {
    const whole = headed({ last: [1, 1], size: 2 * 4096 })
    const at = (place: number, value: number): Buffer => {
      const bytes = Buffer.from(whole)
      bytes.writeUInt32LE(value, place)
      return bytes
    }
    expect([checked(whole), checked(at(24, 7)), checked(Buffer.alloc(0)), checked(whole.subarray(0, 159))]).toEqual([
      undefined,
      'ERR_FOREIGN',
      'ERR_FOREIGN',
      'ERR_FOREIGN',
    ])
    for (const pageSize of [0, 1, 256, 4097, 4096 + 2048, 131_072, 0x80000000])
      expect(checked(at(48, pageSize))).toBe('ERR_DAMAGED')
    expect([
      checked(at(4096 + 24, 7)),
      checked(whole.subarray(0, 4096 + 159)),
      checked(whole.subarray(0, 4096)),
    ]).toEqual(['ERR_DAMAGED', 'ERR_DAMAGED', 'ERR_DAMAGED'])
    expect(codeThrown(() => checkDataFile(join(scratch(), 'missing')))).toBe('ENOENT')
  })

  it('keeps its descriptor no longer than the look takes', () => {
    const path = join(scratch(), 'items-0.mdb')
    writeFileSync(path, headed({ last: [1, 1], size: 2 * 4096 }))
    // More than a process may have open.
    for (let time = 0; time < 3000; time++) checkDataFile(path)
    expect(pathsOpen().filter(name => name.startsWith(path))).toEqual([])
  })

  it('is made once, whole, and nothing is left beside it [P1]', async () => {
    const directory = scratch()
    expect([await createDataFile(directory, 'sync'), await createDataFile(directory, 'sync')]).toEqual([true, false])
    expect(listDirectory(directory)).toEqual(['items-0.mdb'])
    expect(await codeOf(createDataFile(join(directory, 'missing'), 'sync'))).toBe('ERR_FILE')
  })

  it('has room behind its last page, which grows in large steps', () => {
    const path = join(scratch(), 'file')
    writeFileSync(path, Buffer.alloc(4096))
    const room = new TailRoom(path)
    const sizes = [1, 2, 97, 98, 1].map(pages => {
      room.keep(pages, 4096)
      return statSync(path).size / 4096
    })
    expect(sizes).toEqual([129, 129, 129, 226, 226])
    new TailRoom(path).keep(194, 4096)
    expect([statSync(path).size / 4096, pathsOpen().includes(path)]).toEqual([226, false])
    const text = join(scratch(), 'text')
    writeFileSync(text, 'kept')
    new TailRoom(text).keep(0, 16)
    expect([readFileSync(text, 'latin1').slice(0, 4), statSync(text).size]).toEqual(['kept', 128 * 16])
  })

  it('has a lock file that is on the disk before lmdb maps it, and never in the place of one that is used', async () => {
    const directory = scratch()
    const path = join(directory, 'lock')
    reserveLockFile(path)
    const { size, blocks, mode } = statSync(path)
    expect([size, blocks * 512 >= size, mode & 0o777, listDirectory(directory)]).toEqual([
      17 * 4096,
      true,
      0o600,
      ['lock'],
    ])
    writeFileSync(path, 'used')
    reserveLockFile(path)
    expect([readFileSync(path, 'latin1'), listDirectory(directory)]).toEqual(['used', ['lock']])
    expect(codeThrown(() => reserveLockFile(join(directory, 'missing', 'lock')))).toBe('ENOENT')
    await synced(directory)
    expect([await codeOf(synced(join(directory, 'missing'))), pathsOpen().includes(directory)]).toEqual([
      'ENOENT',
      false,
    ])
  })
})
