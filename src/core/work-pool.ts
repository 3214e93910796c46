/** Where work is done for an operator: in other processes or threads. */
export interface WorkPool {
  /** Rejects with what the work threw, or because the child that did it has died. */
  run(value: unknown): Promise<unknown>
  /** Lets the children go; what is not done will not be. */
  end(): Promise<void>
}

export interface PoolOptions {
  readonly workers: number
  readonly placement: 'process' | 'thread'
}

/** How a step is done elsewhere; it brings this along, so that an operator need not know of links. */
export const POOL = Symbol.for('queuelink.pool')

/** A step, as an operator sees it. `F`: what its export is, or makes. */
export interface Workable<F = unknown> {
  readonly step: object
  readonly makes?: F
}

export type MakePool = (o: PoolOptions) => WorkPool
