import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { numbers, Place } from './command.js'

const place = new Place()

describe('a wrong command line is told in one line, with exit code 2:', () => {
  const cases: Record<string, [string[], RegExp]> = {
    'no source': [['link'], /missing required argument 'source'/],
    'no destination': [['link', '-'], /missing required argument 'destinations'/],
    'an unknown endpoint': [
      ['link', 'http://example.com', '-'],
      /unknown endpoint 'http:.*use -, file:PATH, exec:COMMAND or shm:NAME/,
    ],
    'an empty endpoint': [['link', '-', 'exec:'], /'exec:' is empty/],
    'an unknown command': [['lnk'], /unknown command 'lnk'.*Did you mean link/],
    'an unknown option': [['link', '-', '-', '--concurency', '2'], /unknown option.*--concurrency/],
    'an unknown format': [['link', '-', '-', '--as', 'xml'], /Allowed choices are lines, bytes, json/],
    'no number': [['link', '-', '-', '--prefetch', 'many'], /--prefetch.*whole number/],
    'stdout twice': [['link', '-', '-', '-'], /twice/],
    'a file twice': [['link', '-', 'a.txt', './a.txt'], /already/],
    'a circle': [['link', 'x.txt', 'y.txt', 'x.txt'], /circle/],
    'a step that is not there': [['link', '-', '-', '--each', './nowhere.js#f'], /--each.*nowhere\.js/],
    'a step without a name': [['link', '-', '-', '--each', '#'], /--each takes MODULE#EXPORT/],
  }
  for (const [title, [args, message]] of Object.entries(cases)) {
    it(title, async () => {
      await place.write('x.txt', 'x\n')
      const { code, stdout, stderr } = await place.run(args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^queuelink: [^\n]*\n$/)
      expect(stderr).toMatch(message)
      expect(existsSync(place.at('a.txt'))).toBe(false)
    })
  }

  it('no command at all shows the help', async () => {
    const { code, stderr } = await place.run([])
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: queuelink')
  })
})

describe('a failure is told in one line, with exit code 1:', () => {
  const cases: Record<string, [string[], RegExp]> = {
    'a file that is not there': [['link', 'missing.txt', '-'], /cannot read .*missing\.txt: ENOENT, check the path/],
    'a directory that is not there': [['link', '-', 'no/where.txt'], /cannot write .*where\.txt: ENOENT/],
    'a directory in place of a file': [['link', '.', '-'], /EISDIR/],
    'a source command that fails': [['link', 'exec:echo a; exit 3', '-'], /exec:echo a; exit 3 exited with code 3/],
    'a destination command that fails': [['link', '-', 'exec:cat; exit 4'], /exited with code 4/],
    'a command that does not read on': [
      ['link', 'exec:yes 2>&-', 'exec:head -c 1'],
      /head -c 1 ended before it had read/,
    ],
    'a line that is no JSON': [['link', 'exec:echo nope', '-', '--as', 'json'], /is not JSON/],
  }
  for (const [title, [args, message]] of Object.entries(cases)) {
    it(title, async () => {
      const { code, stderr } = await place.run(args)
      expect(stderr).toMatch(message)
      expect(stderr).toMatch(/^queuelink: [^\n]*\n$/)
      expect(code).toBe(1)
    })
  }

  it('starts no command when a file cannot be used', async () => {
    await place.run(['link', 'exec:touch started; echo', 'no/where.txt'])
    expect(existsSync(place.at('started'))).toBe(false)
  })

  it('with DEBUG, all that is known is told', async () => {
    const { stderr, code } = await place.shell('DEBUG=1 queuelink link missing.txt -')
    expect(code).toBe(1)
    expect(stderr).toContain('    at ')
  })
})

describe('a reader of stdout that goes', () => {
  it('ends the command without a word', async () => {
    const line = 'seq 1 1000000 | queuelink link - - | head -n 2; echo $' + '{PIPESTATUS[1]}'
    expect(await place.shell(line)).toMatchObject({ stdout: '1\n2\n141\n', stderr: '' })
  })

  it('ends a command that has other destinations, too', async () => {
    const line = 'queuelink link "exec:yes 2>&-" - file:yes.txt | head -n 1; echo $' + '{PIPESTATUS[0]}'
    expect(await place.shell(line)).toMatchObject({ stdout: 'y\n141\n', stderr: '' })
  })
})

describe('--json', () => {
  it('prints the numbers on stdout', async () => {
    const { stdout, stderr } = await place.run(['link', '-', 'j.txt', 'exec:cat > k.txt', '--json'], numbers(1, 100))
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      state: 'done',
      seconds: expect.any(Number),
      items: 100,
      unsettled: 0,
      bytes: 292,
      placement: 'inline',
      restarts: 0,
      source: '-',
      destinations: [
        { name: 'j.txt', items: 100 },
        { name: 'exec:cat > k.txt', items: 100 },
      ],
    })
  })

  it('prints them on stderr if stdout is a destination', async () => {
    const { stdout, stderr } = await place.run(['link', '-', '-', '--json'], 'a\n')
    expect(stdout).toBe('a\n')
    expect(JSON.parse(stderr)).toMatchObject({ state: 'done', items: 1 })
  })

  it('tells a failure as well', async () => {
    const { code, stdout } = await place.run(['link', 'exec:exit 5', 'l.txt', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', error: 'exec:exit 5 exited with code 5' })
  })
})

describe('--help', () => {
  it('teaches with three examples, and names the exit codes', async () => {
    for (const args of [['--help'], ['link', '--help'], ['help', 'link']]) {
      const { code, stdout } = await place.run(args)
      expect(code).toBe(0)
      expect(stdout.match(/^ {2}# /gm)).toHaveLength(3)
      for (const exit of ['0 ', '1 ', '2 ', '130 ', '141 ']) expect(stdout).toContain(`\n  ${exit}`)
    }
  })

  it('shows every option of link', async () => {
    const { stdout } = await place.run(['link', '--help'])
    const options = ['as', 'through', 'each', 'concurrency', 'prefetch', 'placement', 'append', 'quiet', 'json']
    for (const option of options) expect(stdout).toContain(`--${option}`)
    for (const endpoint of ['file:PATH', 'exec:COMMAND', 'stdin as the source']) expect(stdout).toContain(endpoint)
  })

  it('tells the version of the package', async () => {
    const { version } = createRequire(import.meta.url)('../../package.json')
    expect(await place.run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})
