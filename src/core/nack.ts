export interface NackOptions {
  /** False: the item goes to the dead-letter queue, or away. True by default. */
  requeue?: boolean
  /** Milliseconds until the item may be handed out again. */
  delay?: number
  reason?: unknown
}

/** What became of a delivery that was not acknowledged. `exhausted`: it is back, but has used up its attempts. */
export type NackOutcome = 'back' | 'exhausted' | 'gone' | 'lost'
