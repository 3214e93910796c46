import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GraphError } from '../errors/graph-error.js'
import { checkGraph } from '../link/graph/check-graph.js'
import type { Graph } from '../link/graph/graph.js'
import { UsageError } from './usage-error.js'

/** The graph that a module has as its default export. What the module itself throws is passed on. */
export async function loadGraph(module: string): Promise<Graph> {
  const path = resolve(module)
  if (!existsSync(path)) throw new UsageError(`there is no module '${module}'; give the path of a JavaScript module`)
  const { default: graph } = (await import(pathToFileURL(path).href)) as { default?: unknown }
  if (graph === undefined) throw new UsageError(`'${module}' has no default export; export default defineGraph({ … })`)
  try {
    return checkGraph(graph)
  } catch (error) {
    throw error instanceof GraphError ? new UsageError(`the default export of '${module}': ${error.message}`) : error
  }
}
