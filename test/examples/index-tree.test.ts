import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root, run } from './sandbox.js'

// The main example, on a tree that we know: with duplicates, an empty file, and contents that spill.

let directory: string
let compiled: string
const noise = randomBytes(200_000)

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queuelink-example-'))
  compiled = join(root, 'build', `example-${process.pid}`)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const built = await run(process.execPath, [tsc, '-p', 'examples', '--outDir', compiled], root)
  expect(built.stdout).toBe('')
  await mkdir(join(directory, 'tree/deep/er'), { recursive: true })
  const tree = {
    'a.bin': noise,
    'deep/copy of a.bin': noise,
    'deep/er/x.txt': 'text',
    'deep/line\nfeed': 'text',
    empty: '',
  }
  for (const [name, content] of Object.entries(tree)) await writeFile(join(directory, 'tree', name), content)
  await mkdir(join(directory, 'tmp'))
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await rm(compiled, { recursive: true, force: true })
})

it('indexes a tree, and leaves nothing in the temporary directory', async () => {
  const env = { ...process.env, TMPDIR: join(directory, 'tmp') }
  const { code, stdout, stderr } = await run(
    process.execPath,
    [join(compiled, 'index-tree.js'), 'tree'],
    directory,
    env,
  )

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('5 files, 0.381 MiB')
  expect(stdout).toContain('duplicates: 2 files')
  expect(stdout).toContain('2 contents over 64 KiB crossed between processes as files')
  expect(stdout).toMatch(/read back from the archive: same/)
  expect(await readdir(env.TMPDIR)).toEqual([])

  const out = join(directory, 'build/index-tree')
  const index = (await readFile(join(out, 'index.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(index.map(entry => entry.path).sort()).toEqual(
    ['a.bin', 'deep/copy of a.bin', 'deep/er/x.txt', 'deep/line\nfeed', 'empty'].sort(),
  )
  const archive = await readFile(join(out, 'contents.gz'))
  const a = index.find(entry => entry.path === 'a.bin')
  expect(gunzipSync(archive.subarray(a.offset, a.offset + a.length)).equals(noise)).toBe(true)
})

it('says what to do about a directory that is not there', async () => {
  const { code, stderr } = await run(process.execPath, [join(compiled, 'index-tree.js'), 'nowhere'], directory)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^There is no .*nowhere; give the path of a directory\.\n$/)
})

it('indexes a tree by a graph of 12 queues and 9 links, with workers in processes', async () => {
  await mkdir(join(directory, 'tree/src'), { recursive: true })
  await writeFile(join(directory, 'tree/src/a.ts'), "import { b } from './b.js'\nconst word = word(word)\n")
  const command = join(root, 'dist/bundle/cli/main.js')
  const env = { ...process.env, ROOT: 'tree', TMPDIR: join(directory, 'tmp') }
  const args = [command, 'run', '--json', '--quiet', join(compiled, 'index-graph.js')]
  const { code, stdout, stderr } = await run(process.execPath, args, directory, env)

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { state, links, queues } = JSON.parse(stdout)
  expect(state).toBe('done')
  expect(Object.keys(links)).toHaveLength(9)
  expect(links['files → hashed + readable']).toMatchObject({ settled: 6, unsettled: 0 })
  for (const { size } of Object.values<{ size: number }>(queues)) expect(size).toBe(0)

  const lines = async (name: string): Promise<{ path: string }[]> => {
    const text = await readFile(join(directory, 'build/index-graph', name), 'utf8')
    return text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  const sums = await lines('sums.ndjson')
  expect(sums).toHaveLength(6)
  expect(sums.filter(sum => 'copyOf' in sum)).toHaveLength(2)
  expect(await lines('imports.ndjson')).toEqual([{ path: 'src/a.ts', imports: ['./b.js'] }])
  expect((await lines('index.ndjson')).find(({ path }) => path === 'src/a.ts')).toMatchObject({
    terms: expect.arrayContaining(['word']),
  })
  expect(await readdir(env.TMPDIR)).toEqual([])

  const drawn = await run(process.execPath, [command, 'graph', join(compiled, 'index-graph.js')], directory, env)
  expect(drawn.stdout.match(/ {2}[ql]\d+[[({]/g)).toHaveLength(21)
})
