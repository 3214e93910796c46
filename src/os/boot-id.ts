import { readFileSync } from 'node:fs'

/** 16 bytes that change with every start of the system; zeros where it does not tell. */
export function bootId(): Uint8Array {
  try {
    return Buffer.from(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').replaceAll('-', '').trim(), 'hex')
  } catch {
    return Buffer.alloc(16)
  }
}
