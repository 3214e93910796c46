import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fifoQueue, type LinkOptions, link, step } from 'queuelink'
import { afterEach, expect, it } from 'vitest'
import { childOf, leavesNothing, STEPS } from './help.js'

leavesNothing()

const VARIABLES = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'OF_THE_PROGRAM'] as const
const before = VARIABLES.map(name => [name, process.env[name]] as const)

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

/** What a child of a link with these options starts with, by name. */
async function environmentOf(o: LinkOptions<unknown>): Promise<Map<string, string>> {
  const linked = link(fifoQueue<unknown>(), fifoQueue<unknown>(), { ...o, placement: 'process' })
  const pid = await childOf(linked)
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  await linked.stop()
  return new Map(variables.map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
}

it.runIf(process.platform === 'linux')(
  '[L61] spares a child that runs no steps the certificates it would read',
  async () => {
    // Read without a word: none is in it.
    process.env.NODE_EXTRA_CA_CERTS = '/dev/null'
    process.env.OF_THE_PROGRAM = 'kept'
    delete process.env.NODE_OPTIONS
    const environment = await environmentOf({})
    expect(environment.has('NODE_EXTRA_CA_CERTS')).toBe(false)
    expect(environment.get('OF_THE_PROGRAM')).toBe('kept')
    expect(process.env.NODE_EXTRA_CA_CERTS).toBe('/dev/null')
  },
)

it.runIf(process.platform === 'linux')(
  '[L61] leaves them to steps, to those of its group and to what is preloaded',
  async () => {
    process.env.NODE_EXTRA_CA_CERTS = '/dev/null'
    delete process.env.NODE_OPTIONS
    const others: LinkOptions<unknown>[] = [
      { each: step(STEPS, 'upper') },
      { through: step(STEPS, 'even') },
      { group: 'one' },
    ]
    for (const o of others)
      expect((await environmentOf(o)).get('NODE_EXTRA_CA_CERTS'), JSON.stringify(o)).toBe('/dev/null')
    process.env.NODE_OPTIONS = '--no-deprecation'
    expect((await environmentOf({})).get('NODE_EXTRA_CA_CERTS')).toBe('/dev/null')
  },
)
