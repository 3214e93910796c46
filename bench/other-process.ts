// What contests with another process or thread have in common.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'

/** Once it has said that it is ready. */
export async function started(module: string, ...args: readonly string[]): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), args)
  await once(child, 'message')
  return child
}

/** Until code is compiled for good: what comes before is half as fast. */
const WARM_UPS = 3

/** What somebody who is told `go` sends, some times in vain; answers the items a second from the last word until the last item has arrived. */
export async function timed(count: number, go: () => void, consume: () => Promise<void>): Promise<number> {
  for (let round = 0; round < WARM_UPS; round++) {
    go()
    await consume()
  }
  const start = performance.now()
  go()
  await consume()
  return (count / (performance.now() - start)) * 1000
}

export async function timedChild(count: number, child: ChildProcess, consume: () => Promise<void>): Promise<number> {
  const exit = once(child, 'exit')
  const rate = await timed(count, () => child.send('go'), consume)
  child.send('done')
  await exit
  return rate
}

/** As many messages of a process or a thread. */
export function messages(count: number, from: Worker | ChildProcess): Promise<void> {
  let received = 0
  return new Promise(resolve => {
    const listener = (): void => {
      if (++received < count) return
      from.off('message', listener)
      resolve()
    }
    from.on('message', listener)
  })
}

export async function childProcessSend(count: number): Promise<number> {
  const child = await started('./shared-producer.js', 'send', String(count))
  return timedChild(count, child, () => messages(count, child))
}
