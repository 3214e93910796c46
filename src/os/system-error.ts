import { getSystemErrorMap, getSystemErrorName } from 'node:util'
import { QueueLinkError } from '../errors/queue-link-error.js'

/** What the system refused, in words; a full disk or memory has a code of its own, `ERR_NO_SPACE`. */
export function systemError(doing: string, errno: number): QueueLinkError {
  const name = getSystemErrorName(-errno)
  const cause = Object.assign(new Error(`${name}: ${getSystemErrorMap().get(-errno)?.[1]}`), {
    code: name,
    errno: -errno,
  })
  if (name === 'ENOSPC' || name === 'EDQUOT') return noSpace(doing, cause)
  return new QueueLinkError(`${doing} failed: ${cause.message}`, 'ERR_SYSTEM', { cause })
}

/** As `systemError`, of what Node's own calls throw; an error that is one of ours already stays as it is. */
export function asSystemError(doing: string, error: unknown): QueueLinkError {
  if (error instanceof QueueLinkError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return noSpace(doing, error)
  return new QueueLinkError(`${doing} failed: ${message}`, 'ERR_SYSTEM', { cause: error })
}

function noSpace(doing: string, cause: unknown): QueueLinkError {
  const way = 'ask for a smaller queue, remove queues that nobody uses, or give it more room (containers: --shm-size)'
  return new QueueLinkError(`${doing} failed, since no space is left there: ${way}`, 'ERR_NO_SPACE', { cause })
}
