import type { Child } from './child.js'
import type { Target } from './outlet.js'
import { StreamTarget } from './stream-target.js'

/** A child's stdin, once it has started. */
export class ChildInput implements Target {
  readonly name: string
  readonly #child: Child
  #stream: StreamTarget | undefined

  constructor(child: Child) {
    this.name = `stdin of ${child.command}`
    this.#child = child
    const stdin = child.process?.stdin
    if (stdin) this.#stream = new StreamTarget(stdin, this.name)
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    let started = false
    let over: { error: unknown } | undefined
    this.#stream?.open(
      () => {},
      error => {
        over = { error }
        if (started) lost(error)
      },
    )
    this.#child.started.then(() => {
      started = true
      opened(over?.error)
    }, opened)
  }

  write(chunk: Buffer, written: (error?: unknown) => void): void {
    this.#stream?.write(chunk, written)
  }

  end(ended: (error?: unknown) => void): void {
    this.#stream?.end(ended)
  }

  destroy(destroyed: () => void): void {
    if (this.#stream) this.#stream.destroy(destroyed)
    else queueMicrotask(destroyed)
  }
}
