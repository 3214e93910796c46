import { createRequire } from 'node:module'

export type Msgpackr = typeof import('msgpackr')

/** When first needed, for msgpackr brings native code along. The child of a link has it inside: see `link/entry/inner-msgpackr.ts`. */
export function loadMsgpackr(): Msgpackr {
  return createRequire(import.meta.url)('msgpackr') as Msgpackr
}
