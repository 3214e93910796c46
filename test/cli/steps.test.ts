import { beforeAll, describe, expect, it } from 'vitest'
import { numbers, Place } from './command.js'

const place = new Place()

beforeAll(() =>
  place.write(
    'steps.mjs',
    `import { filter, take } from ${JSON.stringify(import.meta.resolve('rxjs'))}
     export const upper = async line => line.toUpperCase()
     export const even = filter(line => line % 2 === 0)
     export const five = take(5)
     let failed = false
     export const onceFlaky = line => {
       if (line !== '7' || failed) return line
       failed = true
       throw new Error('not yet')
     }
     export const refuses = line => {
       if (line === '7') throw new Error('seven is not welcome')
       return line
     }
     export default line => '-' + line`,
  ),
)

describe.each(['inline', 'process'])('placed %s', placement => {
  const run = (input: string, ...args: string[]) =>
    place.run(['link', '-', '-', '--placement', placement, ...args], input)

  it('calls a function for each item', async () => {
    const { code, stdout } = await run('a\nb\n', '--each', './steps.mjs#upper', '--concurrency', '4')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'A\nB\n' })
  })

  it('applies an operator to the stream, with the default export behind it', async () => {
    const { stdout } = await run(numbers(1, 5), '--through', 'steps.mjs#even', '--each', 'steps.mjs')
    // each comes first: '-1' is odd, '-2' is even.
    expect(stdout).toBe('-2\n-4\n')
  })

  it('ends when the operator does, and ends the source', async () => {
    const { code, stdout } = await place.run([
      'link',
      'exec:yes 2>&-',
      '-',
      '--placement',
      placement,
      '--through',
      './steps.mjs#five',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'y\n'.repeat(5) })
  })

  it('tries again what a step failed on', async () => {
    const { code, stdout } = await run(numbers(1, 9), '--each', './steps.mjs#onceFlaky')
    expect(code).toBe(0)
    expect(stdout.split('\n').sort()).toEqual(numbers(1, 9).split('\n').sort())
  })

  it('names the exports when there is no such step', async () => {
    const { code, stderr } = await run('a\n', '--each', './steps.mjs#uper')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^queuelink: .*exports no function 'uper'; it exports .*upper.*\n$/)
  })
})

it('fails with the error of a step that goes on failing', async () => {
  const { code, stdout, stderr } = await place.run(['link', '-', '-', '--each', './steps.mjs#refuses'], numbers(5, 9))
  expect({ code, stdout }).toEqual({ code: 1, stdout: '5\n6\n8\n9\n' })
  expect(stderr).toMatch(/^queuelink: .*seven is not welcome.*\n$/)
})
