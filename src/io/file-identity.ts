import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The same for all paths of one file, links of either kind included; a file that is not there yet goes by its path. */
export function fileIdentity(path: string): string {
  const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {}
  return ino === undefined ? realPath(resolve(path)) : `${dev}:${ino}`
}

function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}
