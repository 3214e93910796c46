import { Observable, type OperatorFunction } from 'rxjs'
import type { Delivery } from '../src/core/delivery.js'
import { eachDelivery } from '../src/core/each-delivery.js'
import { checkCount } from '../src/core/options.js'
import { type MakePool, POOL, type Workable, type WorkPool } from '../src/core/work-pool.js'
import { optionError } from '../src/errors/option-error.js'

export interface ParallelOptions<A = unknown> {
  /** Children that do the work. 2. */
  workers?: number
  /** Outputs come in the order of their inputs. False: as they are done. */
  ordered?: boolean
  /** Items of one key are worked on one after another, in their order. */
  key?: (item: A) => unknown
  /** Where the children run. `process`. */
  placement?: 'process' | 'thread'
}

type In<F> = F extends (item: infer A, ...rest: never[]) => unknown ? A : unknown
type Out<F> = F extends (...args: never[]) => infer B ? Awaited<B> : unknown

/** Items at work, for each child: one that is done, one that is being done, and one that is to come. */
const AT_WORK = 4

/**
 * Lets several child processes do a step on items, and passes on their answers; a delivery is settled as its answer is.
 *
 * ```
 * source                           -a-b--c---|
 * workers: 2                       ----b-a--c|
 * workers: 2, ordered: true        ------(ab)-c|
 * ```
 *
 * A step that throws, and a child that dies with one item alone, nack the item with that error; a dead child is replaced, and
 * of several items that it had, each is tried again alone, with no attempt counted. The children start when the source is subscribed to, and end with the subscription. The step is a handler: `step(module, export)`.
 *
 * @example
 * ```ts
 * import { fifoQueue, step } from 'queuelink'
 * import { parallel, settle } from 'queuelink/operators'
 *
 * const paths = fifoQueue<string>()
 * const names = fifoQueue<string>()
 * const basename = step<(path: string) => string>('node:path', 'basename')
 * const working = paths.deliveries().pipe(parallel(basename, { workers: 2, ordered: true }), settle()).subscribe(names)
 * await paths.put('/a/b.txt')
 * console.log(await names.get()) // b.txt
 * working.unsubscribe()
 * ```
 *
 * @see each, for work in this thread
 */
export function parallel<F>(
  step: Workable<F>,
  o: ParallelOptions<In<F>> = {},
): OperatorFunction<Delivery<In<F>>, Delivery<Out<F>>> {
  const workers = checkCount('workers', o.workers, 2)
  const { ordered = false, key, placement = 'process' } = o
  const makePool = (step as { [POOL]?: MakePool } | undefined)?.[POOL]
  if (!makePool) throw optionError('step', 'what step(module, export) answers', step)
  return source =>
    new Observable(subscriber => {
      const pool = makePool({ workers, placement })
      const byKey = key ? inLine(pool, key as (item: unknown) => unknown) : (item: unknown) => pool.run(item)
      const run = ordered ? inOrder(byKey) : byKey
      subscriber.add(() => void pool.end())
      source.pipe(eachDelivery<In<F>, Out<F>>(run as never, workers * AT_WORK)).subscribe(subscriber)
    })
}

type Run = (item: unknown) => Promise<unknown>

const ignore = (): void => {}

/** Items of one key are done one after another. */
function inLine(pool: WorkPool, key: (item: unknown) => unknown): Run {
  const last = new Map<unknown, Promise<unknown>>()
  return item => {
    const its = key(item)
    const done = (last.get(its) ?? Promise.resolve()).then(() => pool.run(item))
    const over = done.then(ignore, ignore).then(() => {
      if (last.get(its) === over) last.delete(its)
    })
    last.set(its, over)
    return done
  }
}

/** An answer waits for those to earlier items. */
function inOrder(run: Run): Run {
  let before: Promise<unknown> = Promise.resolve()
  return item => {
    const done = run(item)
    const turn = before.then(() => done)
    before = turn.then(ignore, ignore)
    return turn
  }
}
