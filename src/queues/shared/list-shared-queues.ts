import { namesIn, privateDirectory } from '../../os/private-directory.js'
import { queueOfFile } from './shared-place.js'

/** The shared queues of this user, whoever made them, sorted by name and run. */
export function listSharedQueues(): { name: string; runId?: string }[] {
  const queues = namesIn(privateDirectory()).map(queueOfFile)
  return queues.filter(queue => queue !== undefined).sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function key({ name, runId = '' }: { name: string; runId?: string }): string {
  return `${name}\0${runId}`
}
