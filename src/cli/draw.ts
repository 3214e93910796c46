import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { drawGraph, type GraphFormat } from '../link/graph/draw-graph.js'
import { ExitCode } from './exit-code.js'
import { loadGraph } from './load-graph.js'

export interface DrawOptions {
  format: GraphFormat
  output?: string
}

/** Draws the graph of a module, to stdout or to a file. */
export async function draw(module: string, { format, output }: DrawOptions): Promise<ExitCode> {
  const drawing = await drawGraph(await loadGraph(module), format)
  if (output === undefined) process.stdout.write(drawing)
  else writeFileSync(output, drawing)
  return ExitCode.done
}
