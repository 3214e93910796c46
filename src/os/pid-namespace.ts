import { readlinkSync } from 'node:fs'

/** The number of the container that this process's ids belong to; 0 where the system has none or does not tell. */
export function pidNamespace(): number {
  try {
    return Number(readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''))
  } catch {
    return 0
  }
}
