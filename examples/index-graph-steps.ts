// What index-graph does with each file, in child processes that load this module by its name.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EMPTY, from, type Observable } from 'rxjs'

export interface Found {
  readonly path: string
  readonly bytes: number
}

export interface Hashed extends Found {
  readonly sha256: string
}

export interface Parsed {
  readonly path: string
  readonly words: readonly string[]
  readonly imports: readonly string[]
}

export interface Counted {
  readonly path: string
  /** How often each word comes. */
  readonly counts: ReadonlyMap<string, number>
}

export function hash(root: string): (file: Found) => Promise<Hashed> {
  return async file => {
    const sum = createHash('sha256')
    await pipeline(createReadStream(join(root, file.path)), sum)
    return { ...file, sha256: sum.digest('hex') }
  }
}

const TEXT = /\.(c|h|m?[jt]s|json|md|txt|py)$/
const LARGEST = 1024 * 1024
const IMPORT = /(?:from|import|require)\s*\(?\s*['"]([^'"\n]+)['"]/g

/** Answers nothing for what is no text. */
export function parse(root: string): (file: Found) => Observable<Parsed> {
  const read = async (path: string): Promise<Parsed> => {
    const text = await readFile(join(root, path), 'utf8')
    const words = text.match(/[A-Za-z]{4,}/g) ?? []
    const imports = new Set([...text.matchAll(IMPORT)].map(([, specifier = '']) => specifier))
    return { path, words: words.map(word => word.toLowerCase()), imports: [...imports] }
  }
  return ({ path, bytes }) => (TEXT.test(path) && bytes <= LARGEST ? from(read(path)) : EMPTY)
}

export function count({ path, words }: Parsed): Counted {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return { path, counts }
}
