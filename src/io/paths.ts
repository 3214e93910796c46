import { fileURLToPath } from 'node:url'
import { optionError } from '../errors/option-error.js'

/** A path as the file system takes it. */
export function pathOf(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path)
  if (typeof path === 'string' && path !== '') return path
  throw optionError('path', 'a path or a file: URL', path)
}
