import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { QueueLinkError } from '../../errors/queue-link-error.js'

// A data file begins with two pages, each: 24 bytes of page header, then magic u32 | version u32 | address u64 | map size u64,
// two descriptions of trees of 48 bytes (the first begins with the page size u32), last page u64, transaction u64. The
// head of its pages is larger than that of lmdb as others have it.
const HEADER = 24
const MAGIC = 0xbeefc0de
const PAGE_SIZE_AT = HEADER + 24
const LAST_PAGE_AT = PAGE_SIZE_AT + 2 * 48
const META_BYTES = LAST_PAGE_AT + 16
const SMALLEST_PAGE = 512
const LARGEST_PAGE = 65_536

/**
 * Throws for a file that lmdb must not be given: it maps the file and believes what stands there, so that a file that is cut
 * short would end the process. `ERR_FOREIGN`: it is no data file. `ERR_DAMAGED`: it was one.
 */
export function checkDataFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    const first = metaAt(fd, 0)
    if (!first || first.readUInt32LE(HEADER) !== MAGIC)
      throw unusable(path, 'is no data file of a queue', 'ERR_FOREIGN')
    const pageSize = first.readUInt32LE(PAGE_SIZE_AT)
    const isPageSize = pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE && (pageSize & (pageSize - 1)) === 0
    const second = isPageSize ? metaAt(fd, pageSize) : undefined
    if (!second || second.readUInt32LE(HEADER) !== MAGIC) throw unusable(path, 'has a damaged head', 'ERR_DAMAGED')
    // The newer of the two counts.
    const newer = transactionOf(first) >= transactionOf(second) ? first : second
    const pages = newer.readBigUInt64LE(LAST_PAGE_AT) + 1n
    // Read last: who has it open may make it grow, and writes pages before a head that counts them.
    const { size } = fstatSync(fd)
    if (pages * BigInt(pageSize) > BigInt(size)) {
      throw unusable(path, `was cut short: it has ${size} bytes of ${pages * BigInt(pageSize)}`, 'ERR_DAMAGED')
    }
  } finally {
    closeSync(fd)
  }
}

function metaAt(fd: number, at: number): Buffer | undefined {
  const bytes = Buffer.alloc(META_BYTES)
  return readSync(fd, bytes, 0, META_BYTES, at) === META_BYTES ? bytes : undefined
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(LAST_PAGE_AT + 8)
}

export function unusable(path: string, why: string, code: string, cause?: unknown): QueueLinkError {
  const way = 'put a copy in its place, or choose another directory'
  return new QueueLinkError(`${path} ${why}: ${way}`, code, { cause })
}
