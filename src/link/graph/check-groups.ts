import { GraphError } from '../../errors/graph-error.js'
import { type LinkOptions, planOf } from '../link-options.js'
import type { Placed } from '../placement.js'
import { differingTerm, type GroupTerms } from '../runtime/child-group.js'
import type { GraphLink } from './graph.js'

/** Refuses groups whose links are to be placed, or started again, in different ways. */
export function checkGroups(graph: string, links: readonly GraphLink[]): void {
  const first = new Map<string, GraphLink>()
  for (const link of links) {
    const { group } = link.options
    if (group === undefined) continue
    const other = first.get(group) ?? link
    first.set(group, other)
    const term = differingTerm(termsOf(other), termsOf(link))
    if (term === undefined) continue
    const [theirs, own] = [JSON.stringify(termsOf(other)[term]), JSON.stringify(termsOf(link)[term])]
    const why = `links of a group share a child; ${term} is ${theirs} in '${other.name}', and ${own} in '${link.name}'`
    throw new GraphError(`graph '${graph}', group '${group}': ${why}`)
  }
}

function termsOf({ options }: GraphLink): GroupTerms {
  return { placement: options.placement as Placed, restart: planOf(options as LinkOptions).restart }
}
