import { LinkError } from '../../errors/link-error.js'
import type { Placed } from '../placement.js'
import { GroupRestarts } from './group-restarts.js'
import type { StartHost } from './host.js'
import type { Hosting } from './hosting.js'
import { Quarantine } from './quarantine.js'
import { SharedChild } from './shared-child.js'
import type { Sent } from './source-feeder.js'

/** What links have to agree on to share a child. */
export interface GroupTerms {
  readonly placement: Placed
  readonly restart: { readonly max: number; readonly backoff: number }
}

interface Group {
  readonly terms: GroupTerms
  readonly restarts: GroupRestarts
  /** An item that kills the child of one link kills that of all. */
  readonly quarantine: Quarantine<Sent>
  child: SharedChild | undefined
  links: number
}

const groups = new Map<string, Group>()

/** The group of that name, as one of its links sees it. Throws LinkError ERR_LINK_GROUP for terms that are not those of the others. */
export function groupHosting(name: string, terms: GroupTerms, startHost: StartHost): Hosting {
  const group = groups.get(name) ?? makeGroup(terms)
  checkTerms(name, group.terms, terms)
  groups.set(name, group)
  group.links++
  const start: StartHost = events => {
    if (!group.child) {
      const child = new SharedChild(startHost, () => {
        if (group.child === child) group.child = undefined
      })
      group.child = child
    }
    return group.child.admit(events)
  }
  return {
    start,
    restarts: () => group.restarts.member(),
    quarantine: () => group.quarantine,
    release: () => {
      if (--group.links === 0) groups.delete(name)
    },
  }
}

function makeGroup(terms: GroupTerms): Group {
  return {
    terms,
    restarts: new GroupRestarts(terms.restart),
    quarantine: new Quarantine(),
    child: undefined,
    links: 0,
  }
}

function checkTerms(name: string, theirs: GroupTerms, own: GroupTerms): void {
  const differing = differingTerm(theirs, own)
  if (differing === undefined) return
  const why = `the links of group '${name}' share a child, and must have the same ${differing}`
  throw new LinkError(why, 'ERR_LINK_GROUP')
}

/** What two links that are to share a child do not agree on. */
export function differingTerm(a: GroupTerms, b: GroupTerms): keyof GroupTerms | undefined {
  if (a.placement !== b.placement) return 'placement'
  return a.restart.max === b.restart.max && a.restart.backoff === b.restart.backoff ? undefined : 'restart'
}
