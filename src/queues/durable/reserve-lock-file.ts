import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs'

/** Room for some 1,000 threads that read. */
const BYTES = 17 * 4096

/**
 * Gives lmdb's lock file its room on the disk before lmdb does: it maps a file of holes, and where the disk is full, the first
 * one that is written to ends the process.
 */
export function reserveLockFile(path: string): void {
  if (existsSync(path)) return
  const draft = `${path}.${randomUUID()}.new`
  try {
    writeFileSync(draft, Buffer.alloc(BYTES), { mode: 0o600 })
    // Never in the place of one that is used.
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
}
