import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { LinkError } from '../errors/link-error.js'

/** An operator or a handler named by module and export, so that a child process can load it. Plain data. */
export interface Step<F = unknown> {
  readonly step: { readonly module: string; readonly name: string; readonly args: readonly unknown[] }
  /** Only for types: what the export makes. */
  readonly makes?: F
}

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
  return { step: { module: specifierOf(module), name, args: cloned(name, args) } }
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

export function isStep(value: unknown): value is Step {
  return typeof (value as Step | undefined)?.step === 'object'
}

/** Loads what a step of `through` names. LinkError ERR_LINK_STEP if there is no such module or export. */
export async function loadOperator({ step }: Step): Promise<OperatorFunction<unknown, unknown>> {
  const found = await load(step)
  const makes = step.args.length > 0 || found.length === 0
  const operator = makes ? found(...step.args) : found
  if (typeof operator !== 'function') throw wrong(step, 'an RxJS operator, or a function that makes one')
  return (source: Observable<unknown>) => {
    let result: unknown
    try {
      result = operator(source)
    } catch (cause) {
      throw wrong(step, 'an RxJS operator, or a function that makes one', cause)
    }
    if (!isObservable(result)) throw wrong(step, 'an RxJS operator, or a function that makes one')
    return result
  }
}

/** Loads what a step of `each` names. LinkError ERR_LINK_STEP as above. */
export async function loadHandler({ step }: Step): Promise<(...args: unknown[]) => unknown> {
  const found = await load(step)
  if (step.args.length > 0) {
    const made = found(...step.args)
    if (typeof made !== 'function') throw wrong(step, 'a function that makes a handler of the arguments')
    return made as (...args: unknown[]) => unknown
  }
  if (found.length > 0 || found.constructor.name === 'AsyncFunction') return found
  // Nothing declared to take an item: it makes a handler, or it is one that does not look at its item.
  try {
    const made = found()
    // A handler, after all, that works asynchronously and fails without an item.
    if (made instanceof Promise) made.catch(() => {})
    return typeof made === 'function' ? (made as (...args: unknown[]) => unknown) : found
  } catch {
    return found
  }
}

async function load(step: Step['step']): Promise<(...args: unknown[]) => unknown> {
  let exports: Record<string, unknown>
  try {
    exports = (await import(step.module)) as Record<string, unknown>
  } catch (cause) {
    throw new LinkError(`the module of step '${step.name}' cannot be loaded: ${shown(step.module)}`, 'ERR_LINK_STEP', {
      cause,
    })
  }
  const found = Object.hasOwn(exports, step.name) ? exports[step.name] : undefined
  if (typeof found === 'function') return found as (...args: unknown[]) => unknown
  const names = Object.keys(exports).join(', ') || 'nothing'
  throw new LinkError(`${shown(step.module)} exports no function '${step.name}'; it exports ${names}`, 'ERR_LINK_STEP')
}

function wrong(step: Step['step'], expected: string, cause?: unknown): LinkError {
  const rest = cause === undefined ? {} : { cause }
  return new LinkError(`step '${step.name}' of ${shown(step.module)} is not ${expected}`, 'ERR_LINK_STEP', rest)
}

function shown(module: string): string {
  return module.startsWith('file:') ? fileURLToPath(module) : module
}
