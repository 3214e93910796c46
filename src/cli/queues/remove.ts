import { openQueue } from '../../queues/open-queue.js'
import { ExitCode } from '../exit-code.js'
import { UsageError } from '../usage-error.js'
import { someQueue } from './queue-address.js'

/** Removes queues, and all that is in them. One that others use is left alone, unless forced. */
export async function remove(texts: readonly string[], o: { force?: boolean }): Promise<ExitCode> {
  const descriptors = texts.map(someQueue)
  for (const [at, descriptor] of descriptors.entries()) {
    if (descriptor.kind === 'hosted') throw new UsageError(`only its host can remove ${texts[at]}`)
    const queue = await openQueue(descriptor)
    const { participants = 1 } = await queue.stat()
    if (participants > 1 && !o.force) {
      await queue.close()
      throw new UsageError(`${texts[at]} is in use by ${participants - 1} others; --force removes it all the same`)
    }
    await queue.unlink()
  }
  return ExitCode.done
}
