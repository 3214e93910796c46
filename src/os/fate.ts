import process from 'node:process'
import { processMark } from './process-mark.js'

/** `unknown`: it belongs to another container, and cannot be seen from here. */
export type Fate = 'alive' | 'dead' | 'unknown'

/** What has become of the process that had this id and this mark. */
export function fateOf(pid: number, mark: string): Fate {
  if (namespaceOf(mark) !== namespaceOf(processMark())) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead'
  }
  const now = processMark(pid)
  return now === '' || now === mark ? 'alive' : 'dead'
}

function namespaceOf(mark: string): string {
  return mark.split('.')[1] ?? ''
}
