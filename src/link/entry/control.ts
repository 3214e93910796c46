import type { Duplex } from 'node:stream'
import { encode } from '../../core/codec.js'
import { portableError } from '../../core/portable-error.js'
import { SpillDirectory } from '../../core/spill.js'
import type { CallsToChild, FromChild, ResultsFromChild, ToChild } from '../protocol.js'
import { Channel } from '../runtime/channel.js'
import { ChildLink, failed, type Parent } from './child-link.js'
import { work } from './child-work.js'
import { rehearse } from './rehearse.js'

/** What a process and a thread have in different forms. */
export interface Lines {
  /** The pipe for data; asked for once. */
  data(): Duplex
  answer(message: FromChild): void
  /** Steps, which are not ours, are about to run. */
  beforeSteps(): void
  /** It was asked to leave, and has let go of what it had opened. */
  left(): void
}

const PONG = { queuelink: 'pong' } as const

// Loaded before it is asked for, which is at once, or, of a child that waits to be used, never too early.
encode(undefined)

/** Answers what the parent of a child says on its line for control; what is foreign to it is ignored. */
export function control({ data, answer, beforeSteps, left }: Lines): (message: ToChild) => void {
  let child: Promise<ChildLink> | undefined
  let letGo = async (): Promise<void> => {}
  return message => {
    switch (message?.queuelink) {
      case 'start': {
        const { placed } = message
        if (placed.through || placed.each) beforeSteps()
        const parent: Parent = new Channel(data(), new SpillDirectory(placed.spill), error => failed(parent, error))
        const started = ChildLink.start(placed, parent)
        child = started
        letGo = async () => (await started).leave()
        child.catch(error => failed(parent, error))
        return
      }
      case 'work': {
        beforeSteps()
        const { step, spill } = message
        const parent = new Channel<CallsToChild, ResultsFromChild>(data(), new SpillDirectory(spill), () => {})
        const loaded = work(step, parent)
        letGo = () => loaded
        loaded.catch(error => parent.send({ type: 'failed', error: portableError(error) }))
        return
      }
      case 'stop':
        child?.then(
          running => running.stop(message.drain, message.timeout),
          () => {},
        )
        return
      case 'leave':
        answer(PONG)
        letGo().then(left, left)
        return
      case 'prepare':
        // Where there are no shared queues, none will be asked for.
        rehearse().then(
          () => answer(PONG),
          () => answer(PONG),
        )
        return
      case 'ping':
        return answer(PONG)
      default:
    }
  }
}
