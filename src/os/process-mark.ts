import { readFileSync } from 'node:fs'
import { pidNamespace } from './pid-namespace.js'

/**
 * Tells the process that has this id now from those that had it before, and from those of other containers that have it as
 * well: its start time and its namespace. Empty where the system does not tell.
 */
export function processMark(pid: number | 'self' = 'self'): string {
  const namespace = pidNamespace()
  if (namespace === 0) return ''
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the command, in parentheses, may hold anything.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${started}.${namespace}`
  } catch {
    return ''
  }
}
