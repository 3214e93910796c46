import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Place, type Running } from './command.js'

const place = new Place()
const graph = (name: string): string => fileURLToPath(new URL(`../fixtures/graph-${name}.js`, import.meta.url))

// What the commands under test share with each other, and with nobody else.
const shared = place.at('shared')
mkdirSync(shared, { mode: 0o700 })
process.env.QUEUELINK_DIR = shared

const sockets = (): string[] => (existsSync(join(shared, 'top')) ? readdirSync(join(shared, 'top')) : [])

/** Resolves with the name of its socket when a command can be looked at. */
async function visible({ process }: Running): Promise<string> {
  const name = `${process.pid}.sock`
  while (!sockets().includes(name)) await new Promise(resolve => setTimeout(resolve, 20))
  return name
}

describe('queuelink run', () => {
  it('runs the graph of a module to its end', async () => {
    await place.write('in.txt', 'one\ntwo\nthree\n')
    const { code, stdout, stderr } = await place.run(['run', graph('lines')])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toBe('queuelink: lines is done: its links moved 9 items\n')
    expect(await place.read('out.txt')).toBe('ONE\nTWO\nTHREE\n')
    expect(sockets()).toEqual([])
  })

  it('says with --json what moved, and nothing with --quiet', async () => {
    await place.write('in.txt', 'one\n')
    const { code, stdout, stderr } = await place.run(['run', '--json', '--quiet', graph('lines')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const told = JSON.parse(stdout)
    expect(told).toMatchObject({ name: 'lines', state: 'done', queues: { lines: { kind: 'fifo', size: 0 } } })
    expect(told.links.writer).toMatchObject({ settled: 1, unsettled: 0, restarts: 0 })
  })

  it('names the link that failed, and exits with 1', async () => {
    await place.write('in.txt', 'one\n')
    const { code, stderr } = await place.run(['run', graph('failing')])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "queuelink: link 'breaker' of graph 'failing' failed: it broke\n",
    })
  })

  it('says what is wrong with a module, and exits with 2', async () => {
    const missing = await place.run(['run', 'nowhere.js'])
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/there is no module 'nowhere\.js'/) })
    await place.write('empty.mjs', 'export const graph = 1')
    const empty = await place.run(['run', 'empty.mjs'])
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringMatching(/has no default export; export default/) })
    await place.write('seven.mjs', 'export default 7')
    const seven = await place.run(['run', 'seven.mjs'])
    expect(seven).toMatchObject({ code: 2, stderr: expect.stringMatching(/a graph needs a name/) })
    const circle = await place.run(['run', graph('circle')])
    expect(circle).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/graph 'round' has a circle: (a → b → a|b → a → b)/),
    })
  })

  it('drains its queues on SIGINT, in the order of the flow, and loses nothing', async () => {
    const running = place.start('run', graph('endless'))
    while (!existsSync(place.at('endless.txt')) || statSync(place.at('endless.txt')).size < 100) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    running.process.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    const [, moved] = /^queuelink: endless was stopped: its links moved ([\d,]+) items\n$/.exec(stderr) ?? []
    const lines = (await place.read('endless.txt')).trimEnd().split('\n').map(Number)
    expect(lines).toEqual(lines.map((_, at) => at + 1))
    // What the first link took has been through all three.
    expect(Number(moved?.replaceAll(',', ''))).toBe(3 * lines.length)
  })

  it('leaves at once on the second SIGINT', async () => {
    const running = place.start('run', graph('endless'))
    await visible(running)
    running.process.kill('SIGTERM')
    running.process.kill('SIGINT')
    running.process.kill('SIGINT')
    expect((await running.ended).code).toBeGreaterThan(128)
    expect(sockets()).toEqual([])
  })
})

describe('queuelink graph', () => {
  it('draws the graph of a module as Mermaid, and opens nothing (G6)', async () => {
    const { code, stdout } = await place.run(['graph', graph('lines')])
    expect(code).toBe(0)
    expect(stdout).toContain('flowchart LR')
    expect(stdout).toContain('l1["each upper<br/>process"]')
  })

  it('writes SVG into a file', async () => {
    expect(await place.run(['graph', graph('lines'), '--format', 'svg', '-o', 'lines.svg'])).toMatchObject({
      code: 0,
      stdout: '',
    })
    expect(await place.read('lines.svg')).toMatch(/^<svg .*<title>lines<\/title>.*<\/svg>\n$/s)
  })

  it('refuses formats that it does not know', async () => {
    expect(await place.run(['graph', graph('lines'), '--format', 'png'])).toMatchObject({ code: 2 })
  })
})

describe('queuelink top', () => {
  it('shows what a running graph moves, as long as it runs', async () => {
    const running = place.start('run', '--quiet', graph('endless'))
    const socket = await visible(running)
    const { pid } = running.process
    expect(statSync(join(shared, 'top')).mode & 0o777).toBe(0o700)
    expect(statSync(join(shared, 'top', socket)).mode & 0o777).toBe(0o600)

    const once = await place.run(['top', '--once'])
    expect(once.code).toBe(0)
    expect(once.stdout).toMatch(new RegExp(`^endless {2}pid ${pid} {2}running`))
    expect(once.stdout).toMatch(/LINK +ITEMS/)
    expect(once.stdout).toMatch(/second → out +[\d,]+/)
    expect(once.stdout).toMatch(/first +[\d,]+ +50 +fifo/)

    // By name, until the graph ends.
    const looking = place.start('top', 'endless', '--json')
    const lines = createInterface({ input: looking.process.stdout as NodeJS.ReadableStream })
    const first = await new Promise<string>(resolve => lines.once('line', resolve))
    expect(JSON.parse(first)).toMatchObject({ name: 'endless', pid, state: 'running' })
    running.process.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    const { code, stdout } = await looking.ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ state: 'stopped' })
  })

  it('shows a link that was started with --top', async () => {
    const running = place.start('link', '--top', '--quiet', '-', 'link.txt')
    await visible(running)
    running.process.stdin?.write('one\n')
    expect((await place.run(['top', `${running.process.pid}`, '--once'])).stdout).toMatch(
      /^queuelink {2}pid \d+ {2}running/,
    )
    running.process.stdin?.end()
    expect((await running.ended).code).toBe(0)
    expect(sockets()).toEqual([])
  })

  it('forgets what was killed, and says so where nothing runs', async () => {
    const running = place.start('run', '--quiet', graph('endless'))
    await visible(running)
    running.process.kill('SIGKILL')
    await running.ended
    expect(sockets()).toHaveLength(1)
    const { code, stderr } = await place.run(['top'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/nothing is running that shows itself/)
    expect(sockets()).toEqual([])
  })
})
