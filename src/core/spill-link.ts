import { constants, copyFileSync, linkSync } from 'node:fs'

/** Gives a payload a second name, or, on another file system, copies it. Nothing of it is read here. */
export function linkPayload(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!ELSEWHERE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    copyFileSync(from, to, constants.COPYFILE_EXCL)
  }
}

/** Another file system, or one without links. */
const ELSEWHERE = ['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK']
