import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Answers another path of a socket each time; all of them are gone when the tests of the file have ended. */
export function socketPaths(): () => string {
  const directory = mkdtempSync(join(tmpdir(), 'queuelink-hosted-'))
  let made = 0
  afterAll(() => rmSync(directory, { recursive: true }))
  return () => join(directory, `${++made}.sock`)
}
