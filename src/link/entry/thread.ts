import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { PortStream } from '../runtime/port-stream.js'
import { control } from './control.js'

// The worker thread of a link: moves what its parent thread tells it to, until that ends it.

const parent = parentPort as MessagePort

parent.on(
  'message',
  control({
    data: () => new PortStream(workerData as MessagePort),
    answer: message => parent.postMessage(message),
    beforeSteps: () => {},
  }),
)
