import { createRequire } from 'node:module'

/** Loaded when first needed, for few need it. */
export function tls(): typeof import('node:tls') {
  return createRequire(import.meta.url)('node:tls')
}
