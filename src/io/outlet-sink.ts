import { Sink } from '../core/sink.js'
import type { Encodable, Format } from './format.js'
import { encoderFor, separatorOf } from './framing.js'
import { type Ending, Outlet, type Target } from './outlet.js'

/** A sink over an outlet: its `done` waits until the stream has ended or the file is closed, in whichever way it ends. */
export class OutletSink<T> extends Sink<T> {
  /** Resolves when the target is open: a file is replaced or cut by then. */
  readonly opened: Promise<void>

  constructor(outlet: Outlet<T>) {
    let how: Ending = 'leave'
    super(
      outlet,
      {},
      {
        complete: () => outlet.finish('end'),
        error: () => {
          how = 'destroy'
        },
        unsubscribe: () => outlet.finish(how),
      },
    )
    this.opened = outlet.opened
    outlet.onFailure = error => this.fail(error)
  }
}

export function sinkInto<A extends Format>(target: Target, as: A): Sink<Encodable[A]> {
  return new OutletSink(new Outlet(target, encoderFor(as), separatorOf(as)))
}
