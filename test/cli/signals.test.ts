import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { numbers, Place, type Running } from './command.js'

const place = new Place()

/** Writes lines to a command until it is over. */
async function pour({ process: { stdin }, ended }: Running): Promise<void> {
  let over = false
  const end = ended.then(() => {
    over = true
  })
  for (let from = 1; !over; from += 100) {
    const more = stdin?.write(numbers(from, from + 99))
    await (more === false
      ? Promise.race([once(stdin as NodeJS.WritableStream, 'drain').catch(() => end), end])
      : setTimeout(1))
  }
}

/** Until a file has something in it. */
async function filled(name: string): Promise<void> {
  while ((await place.read(name).catch(() => '')) === '') await setTimeout(20)
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, expected) => {
  it.each(['inline', 'process'])('stores what is under way and says how much that is, placed %s', async placement => {
    const args = ['--placement', placement, '--json', '--concurrency', '5', '--each', './slow.mjs']
    await place.write('slow.mjs', 'export default line => new Promise(done => setTimeout(done, 5, line))')
    const name = `${signal}-${placement}.txt`
    const running = place.start('link', '-', name, `exec:cat > too-${name}`, ...args)
    void pour(running)
    await filled(name)
    running.process.kill(signal)
    const { code, stdout, stderr } = await running.ended
    expect(code).toBe(expected)
    const report = JSON.parse(stdout)
    const stored = await place.read(name)
    expect(report).toMatchObject({ state: 'stopped', unsettled: 0 })
    expect(stored.trimEnd().split('\n')).toHaveLength(report.items)
    expect(sorted(stored)).toBe(numbers(1, report.items))
    expect(sorted(await place.read(`too-${name}`))).toBe(numbers(1, report.items))
    expect(stderr).toBe(`queuelink: stopped; ${report.items.toLocaleString('en-US')} items are stored\n`)
  })
})

it('says nothing when it is stopped and told to be quiet', async () => {
  const running = place.start('link', '-', 'quiet.txt', '--quiet')
  running.process.stdin?.write('a\n')
  await filled('quiet.txt')
  running.process.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, stdout: '', stderr: '' })
  expect(await place.read('quiet.txt')).toBe('a\n')
})

it('leaves at once when it is told a second time', async () => {
  // The destination reads nothing while the file is there, so that no drain can end.
  const running = place.start('link', 'exec:yes 2>&-', 'exec:echo > ready; while [ -s ready ]; do sleep 0.05; done')
  const left = once(running.process, 'exit')
  await filled('ready')
  running.process.kill('SIGINT')
  await setTimeout(200)
  expect(running.process.exitCode).toBe(null)
  while (running.process.exitCode === null && running.process.kill('SIGINT')) await setTimeout(50)
  expect(await left).toEqual([130, null])
  await place.write('ready', '')
  await running.ended
})

it('gives no progress where stderr is no terminal', async () => {
  const { stderr } = await place.run(['link', '-', 'p.txt'], numbers(1, 100_000))
  expect(stderr).toBe('')
})

it('shows progress on a terminal, and a bar for a file; nothing with --quiet', async context => {
  const { code } = await place.shell('script -qec true /dev/null')
  if (code !== 0) context.skip('needs script(1) of util-linux, to make a terminal')
  await place.write('bar.txt', numbers(1, 10_000))
  const on = (args: string) =>
    place.shell(`NODE="$NODE" MAIN="$MAIN" script -qec '"$NODE" "$MAIN" link ${args}' /dev/null`)
  expect((await on('bar.txt bar2.txt')).stdout).toMatch(/█.*100 %.*10,000 items.*items\/s/)
  expect((await on('"exec:seq 1 300" line.txt')).stdout).toMatch(/ 300 items {2}1\.1 KiB .*items\/s/)
  expect((await on('--quiet bar.txt bar2.txt')).stdout).toBe('')
})

/** With several at work, items are stored in the order in which they are done. */
function sorted(lines: string): string {
  const values = lines.trimEnd().split('\n').map(Number)
  return values
    .sort((a, b) => a - b)
    .map(value => `${value}\n`)
    .join('')
}
