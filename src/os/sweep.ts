import { closeSync, constants, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Drafts of files, and bells. What is made of a queue's name ends otherwise. */
const LEFT = /\.(new|bell)-[0-9a-f]+-[0-9a-f]+$/
/** Older than any file on its way: making one takes milliseconds. Who is stopped on the way makes it again. */
const AGE = 10_000

/** Removes what killed processes left in the directory of this file: drafts, and bells that nobody hears. */
export function sweep(path: string): void {
  const directory = dirname(path)
  const old = Date.now() - AGE
  for (const name of namesIn(directory)) {
    const kind = LEFT.exec(name)?.[1]
    if (!kind) continue
    const left = join(directory, name)
    try {
      if (lstatSync(left).mtimeMs < old && (kind === 'new' || !isHeard(left))) unlinkSync(left)
    } catch {
      // Somebody else swept it.
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    // Whoever makes something there gets the error.
    return []
  }
}

function isHeard(bell: string): boolean {
  try {
    closeSync(openSync(bell, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENXIO'
  }
}
