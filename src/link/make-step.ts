import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type MakePool, POOL } from '../core/work-pool.js'
import { LinkError } from '../errors/link-error.js'
import { StepPool } from './runtime/step-pool.js'
import type { Step } from './step.js'

type AnyFunction = (...args: never[]) => unknown
// Of an export whose type nobody gave, `unknown` would fit nowhere that a type is asked for.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Made<F> = F extends (...args: never[]) => infer R ? (R extends AnyFunction ? R : F) : any
type StepArgs<F> = F extends (...args: infer A) => infer R ? (R extends AnyFunction ? A : []) : unknown[]

/**
 * Names an operator for `through`, or a handler for `each`. The export is the operator or handler itself, or, as RxJS
 * operators are, a function that makes one of the arguments. Typed by the export: `step<typeof enrich>(…)`. Throws a
 * LinkError for a relative path, of which nobody knows where it begins, and for arguments that cannot be cloned.
 *
 * @example
 * ```ts
 * import { step } from 'queuelink'
 *
 * const upper = step(new URL('./upper.js', import.meta.url), 'upper')
 * console.log(upper.step.name) // upper
 * ```
 */
export function step<F = unknown>(module: URL | string, name: string, ...args: StepArgs<F>): Step<Made<NoInfer<F>>> {
  const made: Step<Made<NoInfer<F>>> = { step: { module: specifierOf(module), name, args: cloned(name, args) } }
  const makePool: MakePool = o => new StepPool(made, o)
  // Beside the data, and not a part of it: it stays behind when the step goes to another process.
  return Object.defineProperty(made, POOL, { value: makePool })
}

function specifierOf(module: URL | string): string {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string' || module === '') throw unusable(module, 'it is no path')
  if (/^\.\.?[\\/]/.test(module)) throw unusable(module, 'it is relative')
  return isAbsolute(module) ? pathToFileURL(module).href : module
}

function unusable(module: unknown, why: string): LinkError {
  const mend = 'give new URL(path, import.meta.url), an absolute path, or the name of a package'
  return new LinkError(
    `the module of a step cannot be found by ${JSON.stringify(module)}: ${why}; ${mend}`,
    'ERR_LINK_STEP',
  )
}

/** As every process will see them, so that a step works alike wherever it is placed. */
function cloned(name: string, args: readonly unknown[]): readonly unknown[] {
  try {
    return structuredClone(args)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LinkError(`the arguments of step '${name}' cannot go to another process: ${why}`, 'ERR_LINK_STEP', {
      cause,
    })
  }
}
