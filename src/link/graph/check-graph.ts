import { fileURLToPath } from 'node:url'
import { GraphError } from '../../errors/graph-error.js'
import type { QueueLinkError } from '../../errors/queue-link-error.js'
import { checkReadable } from '../../io/check-path.js'
import type { LinkOptions } from '../link-options.js'
import { QueueLink } from '../queue-link.js'
import { isStep } from '../step.js'
import { checkEnds } from './check-ends.js'
import { checkGroups } from './check-groups.js'
import type { Declarations, Graph, GraphLink, GraphLinkOptions } from './graph.js'
import { inOrder } from './in-order.js'

/** Checks what is meant to be a graph. Throws a GraphError that names the place, with nothing opened. */
export function checkGraph(graph: unknown): Graph {
  const { name, queues, links } = (graph ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || name === '') throw new GraphError(`a graph needs a name; ${shown(name)} came`)
  if (!isRecord(queues)) throw new GraphError(`graph '${name}' needs queues, by name; ${shown(queues)} came`)
  if (!Array.isArray(links) || links.length === 0) {
    throw new GraphError(`graph '${name}' needs a list of links; ${shown(links)} came`, 'ERR_GRAPH_EMPTY')
  }
  const checked = links.map((link, at) => checkLink(name, at, link, Object.keys(queues)))
  refuseTwice(name, checked)
  checkGroups(name, checked)
  checkEnds(name, queues as Declarations, checked)
  return Object.freeze({ name, queues: queues as Declarations, links: inOrder(name, checked) })
}

function checkLink(graph: string, at: number, link: unknown, queues: readonly string[]): GraphLink {
  const where = `graph '${graph}', link ${at + 1}`
  if (!isRecord(link)) throw new GraphError(`${where} must be an object; ${shown(link)} came`)
  const { name, from, to, through, each, options, ...more } = link
  const sources = checkNames(`${where}: from`, from, queues)
  const destinations = checkNames(`${where}: to`, to, queues)
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new GraphError(`${where}: a link's name must be a text; ${shown(name)} came`)
  }
  const called = name ?? `${sources.join(' + ')} → ${destinations.join(' + ')}`
  // A graph that was checked before is one as well.
  const checked = {
    name: called,
    from: sources,
    to: destinations,
    through: through as GraphLink['through'],
    each: each as GraphLink['each'],
    options: { ...(isRecord(options) ? options : {}), ...more } as GraphLinkOptions,
  }
  checkSteps(`${where} ('${called}')`, checked)
  return Object.freeze(checked)
}

function checkNames(where: string, came: unknown, queues: readonly string[]): readonly string[] {
  const names: readonly unknown[] = Array.isArray(came) ? came : [came]
  if (names.length === 0) throw new GraphError(`${where} is empty; name at least one queue`, 'ERR_GRAPH_EMPTY')
  for (const [at, name] of names.entries()) {
    if (typeof name !== 'string' || !queues.includes(name)) {
      throw new GraphError(`${where}: ${shown(name)} is none of its queues: ${queues.join(', ')}`, 'ERR_GRAPH_UNKNOWN')
    }
    if (names.indexOf(name) < at) throw new GraphError(`${where}: '${name}' comes twice`, 'ERR_GRAPH_TWICE')
  }
  return names as readonly string[]
}

/** The options are those of `link()`, which knows best. */
function checkSteps(where: string, { through, each, options }: GraphLink): void {
  if (through && each) {
    throw new GraphError(`${where} has both each and through; put a queue between two links`, 'ERR_GRAPH_STEP')
  }
  try {
    void new QueueLink({ ...options, through, each } as LinkOptions).close()
  } catch (error) {
    const { message, code } = error as QueueLinkError
    throw new GraphError(`${where}: ${message}`, code === 'ERR_LINK_CLOSURE' ? 'ERR_GRAPH_STEP' : 'ERR_GRAPH', {
      cause: error,
    })
  }
  for (const [role, step] of Object.entries({ through, each })) {
    if (!isStep(step) || !step.step.module.startsWith('file:')) continue
    const module = fileURLToPath(step.step.module)
    try {
      checkReadable(module)
    } catch (cause) {
      throw new GraphError(
        `${where}: ${role} is '${step.step.name}' of ${module}, which is not there`,
        'ERR_GRAPH_STEP',
        {
          cause,
        },
      )
    }
  }
}

function refuseTwice(graph: string, links: readonly GraphLink[]): void {
  for (const [at, { name }] of links.entries()) {
    const first = links.findIndex(link => link.name === name)
    if (first === at) continue
    const which = `graph '${graph}': links ${first + 1} and ${at + 1} are both called '${name}'`
    throw new GraphError(`${which}; give one of them a name`, 'ERR_GRAPH_TWICE')
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  return value === undefined ? 'nothing' : `${Array.isArray(value) ? 'a list' : String(value)} (${typeof value})`
}
