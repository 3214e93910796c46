import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { mailboxOf } from '../../core/mailbox-of.js'
import { Queue } from '../../core/queue.js'
import { isFile } from '../endpoint.js'
import { isStep } from '../step.js'
import { endOf } from './end-of.js'
import type { Graph, GraphLink } from './graph.js'
import { type Declaration, isSpec } from './queue-spec.js'

/** What is drawn as a node: a queue or a link, and what is said of it, line by line. */
export interface Shape {
  readonly id: string
  /** Of queues: what they are; decides their form. */
  readonly kind: string
  readonly lines: readonly string[]
}

/** Links that share a child, drawn within one frame. */
export interface Frame {
  readonly id: string
  readonly label: string
  /** By id. */
  readonly links: readonly string[]
}

/** What there is to see of a graph, in whatever format. */
export interface Picture {
  readonly title: string
  readonly queues: readonly Shape[]
  readonly links: readonly Shape[]
  readonly frames: readonly Frame[]
  /** From shape to shape, by id. */
  readonly arrows: readonly (readonly [from: string, to: string])[]
}

export function pictureOf({ name: title, queues, links }: Graph): Picture {
  const names = Object.keys(queues)
  const idOf = (queue: string): string => `q${names.indexOf(queue)}`
  return {
    title,
    queues: Object.entries(queues).map(([name, declared]) => ({ id: idOf(name), ...queueShape(name, declared) })),
    links: links.map((link, at) => ({ id: `l${at}`, kind: 'link', lines: linkLines(link) })),
    frames: framesOf(links),
    arrows: links.flatMap(({ from, to }, at) => [
      ...from.map(queue => [idOf(queue), `l${at}`] as const),
      ...to.map(queue => [`l${at}`, idOf(queue)] as const),
    ]),
  }
}

function framesOf(links: readonly GraphLink[]): Frame[] {
  const groups = [...new Set(links.flatMap(({ options: { group } }) => (group === undefined ? [] : [group])))]
  return groups.map((group, at) => {
    const members = links.flatMap(({ options }, at) => (options.group === group ? [{ id: `l${at}`, options }] : []))
    return {
      id: `g${at}`,
      label: `${group}, one ${members[0]?.options.placement}`,
      links: members.map(({ id }) => id),
    }
  })
}

const STREAMS = [Readable, Writable, ReadableStream, WritableStream]

function queueShape(name: string, declared: Declaration): Omit<Shape, 'id'> {
  const end = endOf(declared)
  if (isFile(end)) return { kind: 'file', lines: [name, `file ${lastOf(end)}`] }
  if (isSpec(declared)) {
    const { kind, at, options } = declared
    const { capacity } = options as { capacity?: number }
    return { kind, lines: [name, levelLine(at === undefined ? kind : `${kind} ${lastOf(String(at))}`, capacity)] }
  }
  if (end instanceof Queue) {
    const { kind } = mailboxOf(end).store
    return { kind, lines: [name, levelLine(kind, end.capacity)] }
  }
  const kind = STREAMS.some(type => end instanceof type) ? 'stream' : 'next' in Object(end) ? 'observer' : 'observable'
  return { kind, lines: [name, kind] }
}

function levelLine(kind: string, capacity = Number.POSITIVE_INFINITY): string {
  return capacity === Number.POSITIVE_INFINITY ? kind : `${kind}, up to ${capacity.toLocaleString('en-US')}`
}

/** A whole path would be wider than the rest of the picture. */
function lastOf(end: string | URL | { path: string | URL }): string {
  const path = typeof end === 'object' && 'path' in end ? end.path : end
  return String(path).split(/[\\/]/).filter(Boolean).at(-1) ?? ''
}

function linkLines({ name, from, to, each, through, options }: GraphLink): readonly string[] {
  const given = name === `${from.join(' + ')} → ${to.join(' + ')}` ? [] : [name]
  const step = each ? `each ${stepName(each)}` : through ? `through ${stepName(through)}` : ''
  const { placement = 'auto', group, concurrency = 1, workers = 1 } = options
  const place = [
    // Its frame says where a group is.
    ...(placement === 'auto' || group !== undefined ? [] : [placement]),
    ...(workers > 1 ? [`${workers} workers`] : []),
    ...(concurrency > 1 ? [`${concurrency} at a time`] : []),
  ]
  const lines = [...given, step, place.join(', ')].filter(line => line !== '')
  return lines.length > 0 ? lines : ['moves']
}

function stepName(operator: unknown): string {
  if (isStep(operator)) return operator.step.name
  const { name } = operator as { name?: string }
  // A property that a function is written into names it, which says nothing.
  return name && name !== 'each' && name !== 'through' ? name : 'function'
}
