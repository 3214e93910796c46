import { createRequire } from 'node:module'
import process from 'node:process'
import * as msgpackr from 'msgpackr/pack'
// @ts-expect-error: exported, and not typed
import { setExtractor } from 'msgpackr/unpack'
import type { Msgpackr } from '../../core/load-msgpackr.js'

/** By then, in ms, a link has moved its first items. */
const LATER = 500

/**
 * Takes the place of `core/load-msgpackr.ts` in the bundle of a child: msgpackr is inside, and its native code, which takes longer to load
 * than all the rest and does nothing that msgpackr cannot do without, comes when the child has begun its work.
 */
export function loadMsgpackr(): Msgpackr {
  setTimeout(accelerate, LATER).unref()
  return msgpackr as unknown as Msgpackr
}

/** As msgpackr does it where it is loaded whole. */
function accelerate(): void {
  if (process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED?.toLowerCase() === 'true') return
  try {
    const { resolve } = createRequire(import.meta.url)
    setExtractor(createRequire(resolve('msgpackr'))('msgpackr-extract').extractStrings)
  } catch {
    // It is optional.
  }
}
