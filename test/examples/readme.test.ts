import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksIn, promisedBy, root, run, Sandbox, words } from './sandbox.js'

const readme = await readFile(join(root, 'README.md'), 'utf8')
const graphs = await readFile(join(root, 'docs/graphs.md'), 'utf8')
const cli = await readFile(join(root, 'docs/cli.md'), 'utf8')

// A block that begins with the name of a module is that module, for all others to import.
const MODULE = /^\/\/ (\S+\.ts)\n/
const code = blocksIn(readme, 'ts')
const modules = code.filter(block => MODULE.test(block))
const blocks = code
  .filter(block => !MODULE.test(block))
  .map((block, number) => ({ name: `README.md, block ${number + 1}`, code: block }))
  .concat(blocksIn(graphs, 'ts').map((block, number) => ({ name: `graphs.md, block ${number + 1}`, code: block })))

describe('the README and the page of graphs', () => {
  let sandbox: Sandbox

  beforeAll(async () => {
    const files = Object.fromEntries(modules.map(block => [MODULE.exec(block)?.[1] ?? '', block]))
    sandbox = await Sandbox.compile(blocks, files)
  })

  afterAll(() => sandbox?.remove())

  for (const [number, block] of blocks.entries()) {
    it(`shows code that runs: ${block.name}`, async () => {
      const ran = await sandbox.run(number)
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(promisedBy(block.code)).not.toEqual([])
      expect(words(ran.stdout)).toEqual(promisedBy(block.code))
    })
  }

  it('begins with the quick start of the examples', async () => {
    expect(blocks[0]?.code).toBe(await readFile(join(root, 'examples/quick-start.ts'), 'utf8'))
  })

  it('links to pages and headings that are there', async () => {
    const broken: string[] = []
    for (const [, path = '', heading] of readme.matchAll(/\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)/g)) {
      const page = await readFile(join(root, path), 'utf8').catch(error => (error.code === 'EISDIR' ? '' : undefined))
      const anchors = [...(page ?? '').matchAll(/^#+ (.*)$/gm)].map(match => anchorOf(match[1] ?? ''))
      if (page === undefined || (heading && !anchors.includes(heading))) broken.push(`${path}#${heading}`)
    }
    expect(broken).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('a command line in', () => {
  let directory: string
  const env = () => ({
    ...process.env,
    PATH: `${join(directory, 'bin')}${delimiter}${process.env.PATH}`,
    QUEUELINK_DIR: join(directory, 'queues'),
  })

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'queuelink-lines-'))
    await run('mkdir', ['bin'], directory)
    await symlink(join(root, 'dist/bundle/cli/main.js'), join(directory, 'bin/queuelink'))
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  const lines = Object.entries({ 'README.md': readme, 'docs/cli.md': cli }).flatMap(([page, text]) =>
    blocksIn(text, 'sh')
      .flatMap(block => block.split('\n').filter(line => /queuelink (link|drain)/.test(line)))
      .map(line => ({ page, line })),
  )

  for (const { page, line } of lines) {
    it(`${page} works: ${line}`, async () => {
      expect(await run('sh', ['-c', line], directory, env())).toMatchObject({ code: 0, stderr: '' })
    })
  }

  it('there are some', () => {
    expect(lines.length).toBeGreaterThan(3)
  })
})

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
