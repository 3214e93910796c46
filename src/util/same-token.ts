import { createHash, timingSafeEqual } from 'node:crypto'

/** Takes the same time whatever the two have in common, their lengths included. */
export function isSameToken(came: Uint8Array, token: string): boolean {
  return timingSafeEqual(digest(came), digest(token))
}

function digest(token: Uint8Array | string): Buffer {
  return createHash('sha256').update(token).digest()
}
