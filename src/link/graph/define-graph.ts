import { checkGraph } from './check-graph.js'
import type { Declarations, Ends, Graph, LinkSpec } from './graph.js'

/**
 * Declares queues and the links between them, and checks them: names, circles, steps, places.
 *
 * @example
 * ```ts
 * import { defineGraph, fifo, runGraph } from 'queuelink'
 *
 * const graph = defineGraph({
 *   name: 'shout',
 *   queues: { words: fifo<string>({ capacity: 100 }), loud: fifo<string>() },
 *   links: [{ from: 'words', to: 'loud', each: word => word.toUpperCase() }],
 * })
 *
 * await using running = await runGraph(graph)
 * await running.queues.words.put('hello')
 * console.log(await running.queues.loud.get()) // HELLO
 * ```
 */
export function defineGraph<const Q extends Declarations, const T extends readonly Ends<Q>[]>(graph: {
  readonly name: string
  readonly queues: Q
  readonly links: { readonly [I in keyof T]: LinkSpec<Q, T[I]> }
}): Graph<Q> {
  return checkGraph(graph) as Graph<Q>
}
