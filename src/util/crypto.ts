import { createRequire } from 'node:module'

let loaded: typeof import('node:crypto') | undefined

/** Loaded when first needed: it takes Node longer than opening a queue does, and few links ever do. */
export function crypto(): typeof import('node:crypto') {
  loaded ??= createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto')
  return loaded
}
