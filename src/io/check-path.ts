import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError } from './io-error.js'

/** Throws ERR_FILE if the path names nothing that can be read now; what happens later is told when it is read. */
export function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
    assertNoDirectory(path)
  } catch (error) {
    throw fileError('read', path, error)
  }
}

/** Throws ERR_FILE if no file can be written there now. Creates nothing. */
export function checkWritable(path: string): void {
  try {
    if (existsSync(path)) {
      accessSync(path, constants.W_OK)
      assertNoDirectory(path)
    } else accessSync(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw fileError('write', path, error)
  }
}

function assertNoDirectory(path: string): void {
  if (statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is a directory`), { code: 'EISDIR' })
}
