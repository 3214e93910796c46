import { GraphError } from '../../errors/graph-error.js'
import type { GraphLink } from './graph.js'

/** The links, each after those that feed it. Throws a GraphError that shows the path of a circle. */
export function inOrder(graph: string, links: readonly GraphLink[]): readonly GraphLink[] {
  const ordered: GraphLink[] = []
  const visit = (link: GraphLink, path: readonly GraphLink[]): void => {
    if (ordered.includes(link)) return
    const began = path.indexOf(link)
    if (began >= 0) throw circle(graph, [...path.slice(began), link])
    for (const feeder of links) if (feeds(feeder, link)) visit(feeder, [...path, link])
    ordered.push(link)
  }
  for (const link of links) visit(link, [])
  return ordered
}

function feeds({ to }: GraphLink, { from }: GraphLink): boolean {
  return to.some(name => from.includes(name))
}

/** `path`: against the flow, from a link back to itself. */
function circle(graph: string, path: readonly GraphLink[]): GraphError {
  const flow = path.toReversed()
  const queues = flow.slice(1).map((link, at) => flow[at]?.to.find(name => link.from.includes(name)))
  const shown = [...queues, queues[0]].join(' → ')
  const links = flow.slice(1).map(({ name }) => `'${name}'`)
  return new GraphError(`graph '${graph}' has a circle: ${shown}, by ${links.join(', ')}`, 'ERR_GRAPH_CIRCULAR')
}
