import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { fifoQueue } from 'queuelink'
import { map } from 'rxjs'
import { afterAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'queuelink-copy-'))
afterAll(() => rm(folder, { recursive: true }))

it('joins receipts across two copies of the package in one thread [Q17.4]', async () => {
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(folder, 'package.json'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const copy: typeof import('queuelink') = await import(pathToFileURL(join(folder, 'dist/src/index.js')).href)
  expect(copy.fifoQueue).not.toBe(fifoQueue)
  const ours = fifoQueue<number>()
  const theirs = copy.fifoQueue<number>({ capacity: 1 })
  ours.pipe(map(n => n + 1)).subscribe(theirs)
  for (let i = 0; i < 3; i++) ours.putNowait(i)
  expect((await ours.stat()).leased).toBe(2)
  expect([theirs.getNowait(), theirs.getNowait(), theirs.getNowait()]).toEqual([1, 2, 3])
  expect((await ours.stat()).leased).toBe(0)
})
