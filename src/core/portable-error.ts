import { LinkError } from '../errors/link-error.js'
import { encode } from './codec.js'

/** Errors carry anything; a frame does not. */
const LARGEST = 64 * 1024
const LONGEST_TEXT = 8 * 1024

/** The same error, or what is left of it when everything that cannot cross to another process is taken away. */
export function portableError(error: unknown): unknown {
  try {
    if (encode(error).length <= LARGEST) return error
  } catch {}
  return error instanceof Error ? bare(error, 4) : new LinkError(short(describe(error)), 'ERR_LINK_REASON')
}

/** Name, message, code, stack and causes. */
function bare(error: Error, depth: number): Error {
  const { name, message, stack, code, cause } = error as Error & { code?: unknown }
  const rest = cause instanceof Error && depth > 0 ? { cause: bare(cause, depth - 1) } : {}
  const left = new Error(short(String(message)), rest)
  Object.defineProperty(left, 'name', { value: short(String(name)) })
  Object.defineProperty(left, 'stack', { value: short(String(stack)) })
  return typeof code === 'string' ? Object.assign(left, { code: short(code) }) : left
}

function describe(reason: unknown): string {
  try {
    return String(reason)
  } catch {
    return 'something that cannot be told to another process'
  }
}

function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
}
