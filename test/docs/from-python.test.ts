import { deepStrictEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import * as queuelink from 'queuelink'
import * as rxjs from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'

// Every row of docs/from-python.md is an example that runs.

interface Row {
  readonly python: string
  readonly code: string
  readonly expected: string
}

interface Section {
  readonly title: string
  readonly setup: string
  readonly rows: readonly Row[]
}

const page = await readFile(new URL('../../docs/from-python.md', import.meta.url), 'utf8')
const sections = page.split('\n## ').slice(1).map(parse)
const directory = await mkdtemp(join(tmpdir(), 'queuelink-docs-'))
const made: { close(): Promise<void>; unlink?(): Promise<void> }[] = []

/** What the examples make is ended when all have run. */
function kept<A extends unknown[], R>(make: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const answer = make(...args)
    const keep = (one: unknown): unknown[] =>
      Array.isArray(one) ? one.map(keep) : [made.push(one as (typeof made)[0])]
    if (answer instanceof Promise) answer.then(keep, () => {})
    else keep(answer)
    return answer
  }
}

const { link, connection, sharedQueue, durableQueue, hostQueue, connectQueue } = queuelink
const makers = { link, connection, sharedQueue, durableQueue, hostQueue, connectQueue }
const keepers = Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, kept(make as () => unknown)]))

afterAll(async () => {
  // The latest first: what was made of others goes before them.
  for (const one of made.reverse()) await (one.unlink ? one.unlink() : one.close())
  await rm(directory, { recursive: true })
})

it('has rows in every section', () => {
  expect(sections.length).toBeGreaterThan(4)
  for (const { rows } of sections) expect(rows.length).toBeGreaterThan(0)
})

for (const [number, { title, setup, rows }] of sections.entries()) {
  describe(title, () => {
    for (const [line, { python, code, expected }] of rows.entries()) {
      it(python, async () => {
        const dir = join(directory, `${number}-${line}`)
        const name = `from-python-${randomUUID()}`
        const scope = { ...rxjs, ...queuelink, ...keepers, dir, name, readFile, writeFile, createWriteStream, Writable }
        await import('node:fs/promises').then(({ mkdir }) => mkdir(dir))
        deepStrictEqual(await run(scope, `${setup}; ${code}`), await run({}, expected))
      })
    }
  })
}

function parse(text: string): Section {
  const setup = [...text.matchAll(/`(const (?:q|to|\[q, to\]) = [^`]+)`/g)].map(match => match[1]).join('; ')
  const rows = text.split('\n').filter(line => line.startsWith('| ') && line.includes('//'))
  return { title: text.slice(0, text.indexOf('\n')), setup, rows: rows.map(row) }
}

function row(line: string): Row {
  const cells = line.slice(2, -2).split(/(?<!\\) \| /)
  const cell = (cells.at(-1) ?? '').trim().replace(/^`+|`+$/g, '')
  const at = cell.lastIndexOf(' // ')
  return { python: cells[0] ?? '', code: cell.slice(0, at), expected: cell.slice(at + 4) }
}

/** Runs statements, and answers the value of the last, which is an expression. */
function run(scope: object, code: string): Promise<unknown> {
  const at = code.lastIndexOf('; ')
  const body = `let out; ${at < 0 ? '' : code.slice(0, at)}; return (${at < 0 ? code : code.slice(at + 2)})`
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  return AsyncFunction(...Object.keys(scope), body)(...Object.values(scope)) as Promise<unknown>
}
