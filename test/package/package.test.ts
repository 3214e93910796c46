import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksIn, promisedBy, root, run, words } from '../examples/sandbox.js'
import { nodeOf } from './nodes.js'

// The package as its users get it: packed, installed from the tarball into an empty project, imported by its name.

const FETCH = 200_000
let project: string

const module = (...lines: string[]) => ['--input-type=module', '-e', lines.join('\n')]
const node = (...lines: string[]) => run(process.execPath, module(...lines), project)

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'queuelink-package-'))
  const quiet = ['--no-audit', '--no-fund', '--loglevel', 'error']
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', project, ...quiet], root)
  expect(packed).toMatchObject({ code: 0 })
  const tarball = (await readdir(project)).find(name => name.endsWith('.tgz')) ?? 'none'
  await writeFile(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }')
  const install = ['install', `./${tarball}`, 'rxjs@^7.8.0', '--prefer-offline']
  const installed = await run('npm', [...install, ...quiet], project, process.env, FETCH)
  expect(installed).toMatchObject({ code: 0 })
  const [quickStart = ''] = blocksIn(await readFile(join(root, 'README.md'), 'utf8'), 'ts')
  await writeFile(join(project, 'quick-start.ts'), quickStart)
  const modules = join(root, 'node_modules')
  const tsc = [join(modules, 'typescript/bin/tsc'), '--module', 'nodenext', '--target', 'es2023', '--strict']
  const types = ['--typeRoots', join(modules, '@types'), '--types', 'node', '--noEmitOnError', '--ignoreConfig']
  const compiled = await run(process.execPath, [...tsc, ...types, 'quick-start.ts'], project)
  expect(compiled).toMatchObject({ code: 0, stdout: '' })
}, FETCH)

afterAll(() => rm(project, { recursive: true, force: true }))

describe('the first example of the README runs from the tarball', () => {
  it.for(['20', '22', '24'])('with Node %s', { timeout: FETCH }, async (major, { skip }) => {
    const isOurs = process.versions.node.startsWith(`${major}.`)
    const { path = '', reason } = isOurs ? { path: process.execPath } : await nodeOf(Number(major))
    if (reason) skip(reason)
    const directory = join(project, `with-${major}`)
    await mkdir(directory)
    const { code, stdout, stderr } = await run(path, [join(project, 'quick-start.js')], directory)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const promised = promisedBy(await readFile(join(project, 'quick-start.ts'), 'utf8'))
    expect(words(stdout)).toEqual(promised)
    expect(await readFile(join(directory, 'orders.txt'), 'utf8')).toBe('order 3\norder 4\n')
  })
})

describe('its entry points', () => {
  it('export what they promise', async () => {
    const { stdout } = await node(
      `import * as queuelink from 'queuelink'`,
      `import * as operators from 'queuelink/operators'`,
      `import * as testing from 'queuelink/testing'`,
      `console.log(JSON.stringify([queuelink, operators, testing].map(Object.keys)))`,
    )
    const [main, operators, testing] = JSON.parse(stdout)
    for (const name of ['fifoQueue', 'lifoQueue', 'priorityQueue', 'link', 'QueueLink', 'step', 'fromFile', 'toFile'])
      expect(main).toContain(name)
    for (const name of ['each', 'settle', 'batch', 'perItem']) expect(operators).toContain(name)
    expect(testing).toContain('runMarbles')
    expect(main.filter((name: string) => operators.includes(name) || testing.includes(name))).toEqual([])
  })

  it.each([
    'queuelink/dist/src/index.js',
    'queuelink/dist/src/core/queue.js',
    'queuelink/src/index.js',
    'queuelink/cli',
  ])('do not let %s in', async internal => {
    const { stdout } = await node(`await import('${internal}').catch(error => console.log(error.code))`)
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it('can be required where Node can do that', { timeout: FETCH }, async ({ skip }) => {
    const { path = '', reason } = await nodeOf(22)
    if (reason) skip(reason)
    const check = `console.log(require('queuelink').fifoQueue().size)`
    expect(await run(path, ['-e', check], project)).toMatchObject({ code: 0, stdout: '0\n' })
  })

  it('load no native code, and keep no process alive', async () => {
    const { code, stdout, stderr } = await node(
      `import { createRequire } from 'node:module'`,
      `import 'queuelink'`,
      `import 'queuelink/operators'`,
      `import 'queuelink/testing'`,
      `const { cache } = createRequire(import.meta.url)`,
      `const native = Object.keys(cache).concat(process.report.getReport().sharedObjects).filter(name => name.endsWith('.node'))`,
      `console.log(JSON.stringify(native))`,
    )
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
  })

  it('cost little more than rxjs to import', async () => {
    const times: Record<string, number[]> = { rxjs: [], queuelink: [] }
    for (let round = 0; round < 5; round++) {
      for (const [name, all] of Object.entries(times)) {
        const { stdout } = await node(
          'const start = performance.now()',
          `await import('${name}')`,
          'console.log(performance.now() - start)',
        )
        all.push(Number(stdout))
      }
    }
    const [rxjs = 0, queuelink = 0] = Object.values(times).map(all => Math.min(...all))
    const cost = `rxjs alone ${rxjs.toFixed(0)} ms, queuelink with it ${queuelink.toFixed(0)} ms (best of 5)`
    console.log(`import: ${cost}`)
    expect(queuelink).toBeGreaterThan(0)
  })
})

describe('its command', () => {
  it('is installed, and copies', async () => {
    const line = 'echo hello | node_modules/.bin/queuelink link - copied.txt && cat copied.txt'
    expect(await run('sh', ['-c', line], project)).toMatchObject({ code: 0, stdout: 'hello\n', stderr: '' })
  })

  it('runs a link in a child process, with steps of the project', async () => {
    await writeFile(join(project, 'steps.js'), `export const shout = async line => line.toUpperCase()`)
    await writeFile(join(project, 'in.txt'), 'hello\n')
    const args = ['link', 'in.txt', 'out.txt', '--each', './steps.js#shout', '--json']
    const { stdout } = await run('node_modules/.bin/queuelink', args, project)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', placement: 'process', items: 1 })
    expect(await readFile(join(project, 'out.txt'), 'utf8')).toBe('HELLO\n')
  })
})

it('the tarball has the built files and the docs, and nothing else', async () => {
  const files = await readdir(join(project, 'node_modules/queuelink'), { recursive: true })
  const top = new Set(files.map(file => file.split(/[\\/]/)[0]))
  expect([...top].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json'])
  expect(files.filter(file => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual([])
})
