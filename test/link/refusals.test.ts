import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { CodecError, fifoQueue, LinkError, link, QueueLink, QueueLinkError, step } from 'queuelink'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { childrenOf, failureOf, leavesNothing, PLACEMENTS, STEPS, thrownBy, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

/** A directory with a file to read and one to write. */
function files(): { dir: string; input: string; output: string } {
  const dir = workDir()
  const input = join(dir, 'in')
  const output = join(dir, 'out')
  writeFileSync(input, 'line\n')
  writeFileSync(output, 'as it was\n')
  return { dir, input, output }
}

describe('endpoints that cannot be linked', () => {
  const { dir, input, output } = files()
  const queue = fifoQueue<string>()
  const stream = new PassThrough()
  symlinkSync(input, join(dir, 'symbolic'))
  linkSync(input, join(dir, 'hard'))
  mkdirSync(join(dir, 'sub'))
  const others = [
    ['URL', pathToFileURL(input)],
    ['relative path', relative(process.cwd(), input)],
    ['roundabout path', `${dir}/sub/../in`],
    ['symbolic link', join(dir, 'symbolic')],
    ['hard link', join(dir, 'hard')],
    ['file with a format', { path: input, as: 'bytes' }],
  ] as const

  it.each<[string, () => unknown, string]>([
    ['[L4] a queue into itself', () => link(queue, queue), 'ERR_LINK_CIRCULAR'],
    ['[L4] a stream into itself', () => link(stream, stream), 'ERR_LINK_CIRCULAR'],
    ...others.map(
      ([what, other]) =>
        [`[L4] a path into itself as a ${what}`, () => link(input, [output, other]), 'ERR_LINK_CIRCULAR'] as [
          string,
          () => unknown,
          string,
        ],
    ),
    ['[L5] a queue twice as source', () => link([queue, queue], output), 'ERR_LINK_TWICE'],
    ['[L5] a queue twice as destination', () => link(input, [queue, output, queue]), 'ERR_LINK_TWICE'],
    ...others.map(
      ([what, other]) =>
        [`[L5] a path twice, as a ${what}`, () => link([input, other], output), 'ERR_LINK_TWICE'] as [
          string,
          () => unknown,
          string,
        ],
    ),
    [
      '[L5] a file that is not there, twice',
      () => link(input, [join(dir, 'new'), `${dir}/sub/../new`]),
      'ERR_LINK_TWICE',
    ],
    ['[L6] no destination', () => link(queue, []), 'ERR_LINK_EMPTY'],
    ['[L6] no source', () => link([], output), 'ERR_LINK_EMPTY'],
    ['[L7] a number', () => link(7 as never, output), 'ERR_LINK_ENDPOINT'],
    ['[L7] undefined', () => link(undefined as never, output), 'ERR_LINK_ENDPOINT'],
    ['[L7] null', () => link(queue, null as never), 'ERR_LINK_ENDPOINT'],
    ['[L7] a symbol', () => link(Symbol('s') as never, output), 'ERR_LINK_ENDPOINT'],
    ['[L7] an object of nothing', () => link(Object.create(null), output), 'ERR_LINK_ENDPOINT'],
    ['[L7] a function', () => link(queue, (() => {}) as never), 'ERR_LINK_ENDPOINT'],
    ['[L7] a promise', () => link(Promise.resolve(queue) as never, output), 'ERR_LINK_ENDPOINT'],
    ['[L7] a Writable as source', () => link(new Writable() as never, output), 'ERR_LINK_ENDPOINT'],
    ['[L7] an empty path', () => link(queue, ''), 'ERR_LINK_ENDPOINT'],
    ['[L7] a path that is none', () => link(queue, { path: 7 } as never), 'ERR_LINK_ENDPOINT'],
    ['[L7] a URL of the web', () => link(new URL('https://example.org/'), output), 'ERR_LINK_ENDPOINT'],
    ['[L7] a file: URL of another machine', () => link(queue, 'file://elsewhere/x'), 'ERR_LINK_ENDPOINT'],
    ['a file that does not exist', () => link(join(dir, 'missing'), output), 'ERR_FILE'],
    ['a directory to read', () => link(dir, output), 'ERR_FILE'],
    ['a directory to write', () => link(input, [output, dir]), 'ERR_FILE'],
    ['a file in a directory that is not there', () => link(input, [output, join(dir, 'no', 'file')]), 'ERR_FILE'],
    [
      '[L23] a closure for a child process',
      () => link(input, output, { through: s => s, placement: 'process' }),
      'ERR_LINK_CLOSURE',
    ],
    [
      '[L23] a handler for a child process',
      () => link(input, output, { each: (s: string) => s, placement: 'process' }),
      'ERR_LINK_CLOSURE',
    ],
  ])('%s', (_, call, code) => {
    const error = thrownBy(call)
    expect(error).toBeInstanceOf(LinkError)
    expect(error.code).toBe(code)
    expect(error.message.length).toBeGreaterThan(10)
    expect(childrenOf(process.pid)).toEqual([])
    expect(existsSync(join(dir, 'new'))).toBe(false)
    expect(readFileSync(output, 'utf8')).toBe('as it was\n')
  })

  it.skipIf(process.getuid?.() === 0)('a file that may not be read, or written', () => {
    const secret = join(dir, 'secret')
    writeFileSync(secret, '')
    chmodSync(secret, 0)
    expect(thrownBy(() => link(secret, output))).toMatchObject({ code: 'ERR_FILE' })
    expect(thrownBy(() => link(input, secret))).toMatchObject({ code: 'ERR_FILE' })
  })

  it('starts nothing when a later endpoint is refused', async () => {
    const source = fifoQueue<number>()
    await source.put(1)
    const observed = new Subject<number>()
    expect(() => link([source, observed], [fifoQueue(), join(dir, 'no', 'file')])).toThrow(LinkError)
    await new Promise(resolve => setImmediate(resolve))
    expect([source.size, observed.observed]).toEqual([1, false])
  })
})

it.each<[string, object]>([
  ['prefetch', { prefetch: 0 }],
  ['prefetch', { prefetch: Number.NaN }],
  ['prefetch', { prefetch: -1 }],
  ['prefetch', { prefetch: 1.5 }],
  ['prefetch', { prefetch: '16' }],
  ['concurrency', { concurrency: 0 }],
  ['placement', { placement: 'moon' }],
  ['delivery', { delivery: 'exactly-once' }],
  ['through', { through: 'operator' }],
  ['each', { each: {} }],
  ['restart.max', { restart: { max: -1 } }],
  ['restart.max', { restart: { max: Number.NaN } }],
  ['restart.backoff', { restart: { backoff: 0 } }],
])('[Q16.5] names an option that cannot be: %s %j', (option, o) => {
  const error = thrownBy(() => new QueueLink(o as never))
  expect(error).toBeInstanceOf(QueueLinkError)
  expect(error).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining(option) })
})

it('[Q16.5] refuses a timeout of stop() that cannot be, and goes on', async () => {
  const source = fifoQueue<number>()
  const destination = fifoQueue<number>()
  await using linked = link(source, destination)
  for (const timeout of [-1, Number.NaN, '5' as never]) {
    expect(await failureOf(linked.stop({ timeout }))).toMatchObject({ code: 'ERR_OPTION' })
  }
  await source.put(1)
  expect(await destination.get()).toBe(1)
})

describe('[L41] steps that cannot be made', () => {
  it.each<[string, () => unknown]>([
    ['a function among its arguments', () => step(STEPS, 'times', () => 3)],
    ['a symbol among its arguments', () => step(STEPS, 'times', { deep: Symbol('s') })],
    ['a relative path', () => step('./steps.js', 'times', 3)],
    ['a path to nowhere', () => step('', 'times', 3)],
  ])('%s', (_, call) => {
    expect(thrownBy(call)).toMatchObject({ name: 'LinkError', code: 'ERR_LINK_STEP' })
  })

  it('takes its arguments as they are now', () => {
    const list = [1]
    const made = step(STEPS, 'times', list)
    list.push(2)
    expect(made.step.args).toEqual([[1]])
  })
})

describe.each(PLACEMENTS)('a link placed %s', placement => {
  it.concurrent.each<[string, () => ReturnType<typeof step>, 'through' | 'each', string]>([
    ['a module that is missing', () => step(new URL('./nowhere.js', STEPS), 'upper'), 'through', 'cannot be loaded'],
    ['an export that is missing', () => step(STEPS, 'missing'), 'through', "no function 'missing'"],
    ['an export of every object', () => step(STEPS, 'constructor'), 'each', "no function 'constructor'"],
    ['an export that is no function', () => step(STEPS, 'notAFunction'), 'each', "no function 'notAFunction'"],
    ['a handler where an operator belongs', () => step(STEPS, 'upper'), 'through', 'not an RxJS operator'],
    ['a factory that makes nothing', () => step(STEPS, 'toNothing', 1), 'each', 'makes a handler'],
  ])('[L42] fails over %s, before its files are touched', async (_, made, kind, message) => {
    const { input, output } = files()
    const queue = fifoQueue<string>()
    await queue.put('kept')
    const linked = link([input, queue], output, { placement, [kind]: made() })
    expect(await failureOf(linked.done)).toMatchObject({
      name: 'LinkError',
      code: 'ERR_LINK_STEP',
      message: expect.stringContaining(message),
    })
    expect(readFileSync(output, 'utf8')).toBe('as it was\n')
    expect([queue.size, linked.metrics().restarts]).toEqual([1, 0])
  })
})

it.concurrent.each<[string, unknown]>([
  ['a function', () => {}],
  ['a symbol', Symbol('s')],
  ['a function deep inside', { list: [1, { callback: () => {} }] }],
  ['a promise', { soon: Promise.resolve(1) }],
])('[L40][Q14.2] keeps an item in its queue that cannot go to a child: %s', async (_, bad) => {
  const source = fifoQueue<unknown>()
  const destination = fifoQueue<unknown>()
  await source.putBatch(['before', bad, 'after'])
  const error = await failureOf(link(source, destination, { placement: 'process' }).done)
  expect(error).toBeInstanceOf(CodecError)
  const left = await source.getBatch(3)
  expect(left).toContain(bad)
  expect(left.at(-1)).toBe('after')
  await source.put('and goes on')
  expect(await source.get()).toBe('and goes on')
})

it.concurrent('[Q14.2] fails the link where what a step makes cannot go back to the parent', async () => {
  const source = fifoQueue<number>()
  await source.putBatch([1, 2])
  const linked = link(source, fifoQueue(), { placement: 'process', through: step(STEPS, 'toFunction') })
  expect(await failureOf(linked.done)).toBeInstanceOf(CodecError)
  expect(await source.getBatch(2)).toEqual([1, 2])
})
