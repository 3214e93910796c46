import { existsSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import type { Step } from '../link/step.js'
import { UsageError } from './usage-error.js'

/** MODULE#EXPORT, or MODULE for its default export; MODULE is a path, or a package that can be found from here. */
export function parseStep(option: string, text: string): Step {
  const at = text.lastIndexOf('#')
  const module = at < 0 ? text : text.slice(0, at)
  const name = at < 0 ? 'default' : text.slice(at + 1)
  if (module === '' || name === '') throw new UsageError(`${option} takes MODULE#EXPORT; '${text}' came`)
  return { step: { module: locate(option, module), name, args: [] } }
}

function locate(option: string, module: string): string {
  if (isBuiltin(module)) return module
  const path = resolve(module)
  if (existsSync(path)) return pathToFileURL(path).href
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'step')).resolve(module)).href
  } catch {
    throw new UsageError(
      `${option} finds neither a file nor a package '${module}'; give the path of a JavaScript module`,
    )
  }
}
