import { QueueLinkError } from './queue-link-error.js'

/** An option that cannot be: says which, what was expected, what came and its type. */
export function optionError(option: string, expected: string, came: unknown): QueueLinkError {
  const shown = typeof came === 'string' ? JSON.stringify(came) : String(came)
  return new QueueLinkError(`${option} must be ${expected}, but ${shown} (${typeof came}) came`, 'ERR_OPTION')
}
