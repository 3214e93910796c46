import type { CommonOptions } from '../../core/options.js'
import { ITEM_SIZE } from '../../core/spill.js'
import { optionError } from '../../errors/option-error.js'
import { LARGEST_CAPACITY, LARGEST_RING, SMALLEST_RING } from './geometry.js'

export interface SharedQueueOptions<T> extends CommonOptions<T> {
  /** Items, ready, delayed and leased together. 1024, at most 4,194,304; a queue that is there keeps its own. */
  capacity?: number
  /** Room for encoded items, allocated when the queue is made. 16 MiB, at most 2 GiB; a queue that is there keeps its own. */
  bytes?: number
  /** Encoded bytes above which an item travels as a file beside the queue. 64 KiB, and never more than a sixteenth of `bytes`. */
  itemSize?: number
  /** `open`: made if it is not there (the default); `create`: must not be there; `attach`: must be there. */
  mode?: 'open' | 'create' | 'attach'
  /** Keeps apart what runs of a program, or its tests, call by the same name. */
  runId?: string
}

/** What the queue is made with; undefined where the one that is there decides. */
export interface Sizes {
  readonly capacity: number | undefined
  readonly bytes: number | undefined
  readonly itemSize: number | undefined
}

export const DEFAULTS = { capacity: 1024, bytes: 16 * 1024 * 1024, itemSize: ITEM_SIZE }

export function sizesOf({ capacity, bytes, itemSize }: SharedQueueOptions<never>): Sizes {
  checkRange('capacity', capacity, 1, LARGEST_CAPACITY)
  checkRange('bytes', bytes, SMALLEST_RING, LARGEST_RING)
  checkRange('itemSize', itemSize, 1, LARGEST_RING)
  return { capacity, bytes, itemSize }
}

export function checkMode(mode: unknown): 'open' | 'create' | 'attach' {
  if (mode === undefined) return 'open'
  if (mode === 'open' || mode === 'create' || mode === 'attach') return mode
  throw optionError('mode', "'open', 'create' or 'attach'", mode)
}

function checkRange(option: string, value: unknown, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most))
    return
  throw optionError(option, `a whole number from ${least} to ${most}`, value)
}
