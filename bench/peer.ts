import { createRequire } from 'node:module'

/** Where the libraries lie that we are compared with: `npm run bench:peers` puts them there. */
export const PEERS = new URL('../../bench/peers/', import.meta.url)

/** A library to compare with, or undefined where it is not installed. */
export function peer<Library>(name: string): Library | undefined {
  try {
    return createRequire(new URL('package.json', PEERS))(name) as Library
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}
