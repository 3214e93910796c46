// What index-tree does with each file, in a child process that loads this module by its name.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

export interface Found {
  readonly path: string
  readonly bytes: number
}

export interface Packed extends Found {
  readonly sha256: string
  /** The whole content, compressed: as large as it is, it travels in a file of its own. */
  readonly content: Uint8Array
}

export interface Unreadable extends Found {
  readonly error: string
}

const compress = promisify(gzip)

export function pack(root: string): (file: Found) => Promise<Packed | Unreadable> {
  return async ({ path, bytes }) => {
    try {
      const text = await readFile(join(root, path))
      const content = await compress(text, { level: constants.Z_BEST_SPEED })
      return { path, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex'), content }
    } catch (error) {
      return { path, bytes, error: (error as Error).message }
    }
  }
}
