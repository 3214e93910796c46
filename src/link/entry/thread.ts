import process from 'node:process'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { FromChild } from '../protocol.js'
import { PortStream } from '../runtime/port-stream.js'
import { members } from './members.js'
import { whenFilesRest } from './when-files-rest.js'

// The worker thread of a link: moves what its parent thread tells it to, until that asks it to leave.

const parent = parentPort as MessagePort

const answer = (message: FromChild): void => parent.postMessage(message)

parent.on(
  'message',
  members({
    data: () => new PortStream(workerData as MessagePort),
    answer,
    beforeSteps: () => {},
    left: () => whenFilesRest(() => process.exit()),
  }),
)
answer({ queuelink: 'loaded' })
