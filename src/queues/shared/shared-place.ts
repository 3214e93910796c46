import { join } from 'node:path'
import { optionError } from '../../errors/option-error.js'
import { checkName } from '../../os/check-name.js'
import { privateDirectory } from '../../os/private-directory.js'

/** What is made beside the file has longer names, and 255 bytes is the most that systems take. */
const LONGEST = 160
const SUFFIX = '.queue'

/** The file of the queue of this name, in the directory that this user's processes share. */
export function sharedPath(name: string, runId?: string): string {
  return join(privateDirectory(), fileName(name, runId))
}

/** The name of a queue's file: the name, and what isolates a run from others that use it. */
export function fileName(name: string, runId?: string): string {
  checkName('name', name)
  if (runId !== undefined) checkName('runId', runId)
  const file = runId === undefined ? escaped(name) : `${escaped(name)}@${escaped(runId)}`
  if (Buffer.byteLength(file) > LONGEST) throw optionError('name', 'shorter, together with its runId', name)
  return file + SUFFIX
}

/** The reverse; undefined for any other file. */
export function queueOfFile(file: string): { name: string; runId?: string } | undefined {
  const [, name, runId] = /^([^@]+)(?:@([^@]+))?\.queue$/.exec(file) ?? []
  if (name === undefined) return undefined
  return runId === undefined ? { name: plain(name) } : { name: plain(name), runId: plain(runId) }
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('@', '%40')
}

function plain(text: string): string {
  return text.replaceAll('%40', '@').replaceAll('%25', '%')
}
