import { optionError } from '../../errors/option-error.js'
import { checkGraph } from './check-graph.js'
import type { Graph } from './graph.js'
import { layOut } from './layout.js'
import { mermaid } from './mermaid.js'
import { pictureOf } from './picture.js'
import { svg } from './svg.js'

export type GraphFormat = 'mermaid' | 'svg'

/**
 * Draws a graph: as Mermaid text, which many pages show as a picture, or as SVG. Queues have a form for each kind; links
 * say what they do, where and by how many. Opens nothing.
 *
 * @example
 * ```ts
 * import { defineGraph, drawGraph, fifo } from 'queuelink'
 *
 * const graph = defineGraph({
 *   name: 'shout',
 *   queues: { words: fifo<string>(), loud: 'loud.txt' },
 *   links: [{ from: 'words', to: 'loud', each: word => word.toUpperCase() }],
 * })
 * console.log((await drawGraph(graph, 'mermaid')).includes('words')) // true
 * ```
 */
export async function drawGraph(graph: Graph, format: GraphFormat): Promise<string> {
  const picture = pictureOf(checkGraph(graph))
  if (format === 'mermaid') return mermaid(picture)
  if (format === 'svg') return svg(picture.title, await layOut(picture))
  throw optionError('format', "'mermaid' or 'svg'", format)
}
