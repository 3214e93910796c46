import { portableError } from '../../core/portable-error.js'
import type { CallsToChild, ResultsFromChild } from '../protocol.js'
import type { Channel } from '../runtime/channel.js'
import { loadHandler, type Step } from '../step.js'

/** Does what the parent calls for, one call at a time, and answers each. */
export async function work(step: Step, parent: Channel<CallsToChild, ResultsFromChild>): Promise<void> {
  const handler = await loadHandler(step)
  const waiting: CallsToChild[] = []
  let busy = false
  const next = async (): Promise<void> => {
    busy = true
    for (let call = waiting.shift(); call; call = waiting.shift()) {
      const { id } = call
      const failed = (error: unknown): void => parent.send({ type: 'failed', id, error: portableError(error) })
      try {
        parent.send(
          { type: 'result', id, values: [await handler(call.values[0])] },
          { sized: () => {}, refused: failed },
        )
      } catch (error) {
        failed(error)
      }
    }
    busy = false
  }
  parent.listen(call => {
    waiting.push(call)
    if (!busy) void next()
  })
}
