import type { StartHost } from './host.js'
import { Quarantine } from './quarantine.js'
import { type Restarting, Restarts } from './restarts.js'
import type { Sent } from './source-feeder.js'

/** Where the children of a link come from, and what it shares with other links that have the same ones. */
export interface Hosting {
  readonly start: StartHost
  /** For each child that there is to be at a time. */
  restarts(): Restarting
  quarantine(): Quarantine<Sent>
  /** The link has ended. */
  release(): void
}

/** Children of the link's own. */
export function ownHosting(start: StartHost, restart: { readonly max: number; readonly backoff: number }): Hosting {
  return {
    start,
    restarts: () => new Restarts(restart),
    quarantine: () => new Quarantine(),
    release: () => {},
  }
}
