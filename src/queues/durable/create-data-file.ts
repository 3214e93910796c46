import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataFile } from './data-file.js'
import { fileOf } from './database.js'
import type { Durability } from './durable-options.js'
import { asPathError } from './file-system.js'
import { synced } from './synced.js'

/**
 * Makes the first data file of a directory: beside, and linked to its name when it is whole, so that nobody finds half of one.
 * False: there is one by now.
 */
export async function createDataFile(directory: string, durability: Durability): Promise<boolean> {
  const name = `${fileOf(0)}.${randomUUID()}.new`
  const draft = join(directory, name)
  try {
    await new DataFile(directory, name, durability, true).close()
    await synced(draft)
    await link(draft, join(directory, fileOf(0)))
    // The directory may be as new as the file.
    await synced(directory)
    await synced(dirname(directory)).catch(() => {})
    return true
  } catch (error) {
    // Whoever was first may have swept away what is beside it.
    if (existsSync(join(directory, fileOf(0)))) return false
    throw asPathError(directory, error)
  } finally {
    for (const path of [draft, `${draft}-lock`]) await rm(path, { force: true }).catch(() => {})
  }
}
