import type { QueueLink } from '../link/queue-link.js'
import type { ShellCommand } from './command.js'
import type { Ends } from './open-ends.js'

/** In ms: how long a command has to say that it failed where that explains more than its closed pipe does. */
const LAST_WORDS = 500

/** Waits for a link and for the commands at its ends; answers what failed. */
export async function outcome(link: QueueLink, { source, destinations }: Ends): Promise<unknown> {
  try {
    await link.done
  } catch (error) {
    return (await within(LAST_WORDS, firstFailure(destinations))) ?? error
  }
  return (await firstFailure(destinations)) ?? source?.failure
}

/** As soon as there is one; undefined when all have ended well. */
function firstFailure(commands: readonly ShellCommand[]): Promise<Error | undefined> {
  return new Promise(resolve => {
    const told = commands.map(({ failure }) => failure.then(error => void (error && resolve(error))))
    void Promise.all(told).then(() => resolve(undefined))
  })
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  const first = await Promise.race([promise, late])
  clearTimeout(timer)
  return first
}
