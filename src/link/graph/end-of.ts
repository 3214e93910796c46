import { type Declaration, isSpec } from './queue-spec.js'

/** What a link reads or writes of a declaration that needs no opening: a file, or what is an endpoint itself. */
export function endOf(declared: Declaration): unknown {
  if (!isSpec(declared)) return declared
  return declared.kind === 'file' ? { path: declared.at, ...declared.options } : undefined
}
