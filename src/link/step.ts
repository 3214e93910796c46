import { fileURLToPath } from 'node:url'
import { isObservable, type Observable, type OperatorFunction } from 'rxjs'
import { LinkError } from '../errors/link-error.js'

/** An operator or a handler named by module and export, so that a child process can load it. Plain data. */
export interface Step<F = unknown> {
  readonly step: { readonly module: string; readonly name: string; readonly args: readonly unknown[] }
  /** Only for types: what the export makes. */
  readonly makes?: F
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
