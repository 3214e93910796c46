import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { fifoQueue, link, warm } from 'queuelink'
import { expect, it } from 'vitest'
import { childOf, childrenOf, failureOf, fixture, leavesNothing, lives, take, until } from './help.js'

leavesNothing()

it('[L52] gives a link a child that was ready, and starts another in its place', async () => {
  const before = new Set(childrenOf(process.pid))
  await warm(1)
  const [ready] = childrenOf(process.pid).filter(pid => !before.has(pid))
  const [source, destination] = [fifoQueue<number>(), fifoQueue<number>()]
  await source.put(7)
  const linked = link(source, destination, { placement: 'process' })
  expect(await childOf(linked)).toBe(ready)
  expect(await take(destination, 1)).toEqual([7])
  await until(() => childrenOf(process.pid).filter(pid => !before.has(pid)).length === 2, 'another child')
  await linked.stop()
  await warm(0)
  expect(childrenOf(process.pid).filter(pid => !before.has(pid))).toEqual([])
})

it('[L52] passes over a child that has died while it waited', async () => {
  const before = new Set(childrenOf(process.pid))
  await warm(1)
  const [ready] = childrenOf(process.pid).filter(pid => !before.has(pid))
  process.kill(ready as number, 'SIGKILL')
  await until(() => !lives(ready as number))
  const [source, destination] = [fifoQueue<number>(), fifoQueue<number>()]
  await source.put(7)
  const linked = link(source, destination, { placement: 'process' })
  expect(await take(destination, 1)).toEqual([7])
  await linked.stop()
  await warm(0)
})

it('[L52][L29] lets its process end, and leaves no child behind', () => {
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(fixture('link-warm.js'))], { encoding: 'utf8' })
  expect(status).toBe(0)
  const pids = JSON.parse(stdout) as number[]
  expect(pids).toHaveLength(2)
  return until(() => !pids.some(lives), 'the end of the children')
})

it.runIf(process.platform === 'linux')('loads what reads texts faster into a child that is ready', async () => {
  const before = new Set(childrenOf(process.pid))
  await warm(1)
  const [ready] = childrenOf(process.pid).filter(pid => !before.has(pid))
  await until(() => readFileSync(`/proc/${ready}/maps`, 'latin1').includes('msgpackr-extract'), 'native code')
  await warm(0)
})

it('[Q16.5] refuses a number of children that cannot be', async () => {
  expect(await failureOf(warm(-1))).toMatchObject({ code: 'ERR_OPTION' })
})
