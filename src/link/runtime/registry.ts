import { LinkError } from '../../errors/link-error.js'
import { Deferred } from '../../util/deferred.js'

/** Which endpoints the child that runs now takes from and for. */
export class Registry {
  readonly #in = new Set<number>()
  readonly #waiting = new Map<number, Deferred<void>>()
  #ended = false

  add(id: number): void {
    this.#in.add(id)
    this.#waiting.get(id)?.resolve()
    this.#waiting.delete(id)
  }

  /** It is being removed: whoever waits for it need not wait any longer. */
  delete(id: number): void {
    this.#in.delete(id)
    this.#waiting.get(id)?.reject(new LinkError(`endpoint ${id} was unregistered meanwhile`, 'ERR_LINK_ENDPOINT'))
    this.#waiting.delete(id)
  }

  /** The child is gone. */
  clear(): void {
    this.#in.clear()
  }

  /** There will be no other child. */
  end(): void {
    this.#ended = true
    for (const waiting of this.#waiting.values()) waiting.reject(ended())
  }

  whenIn(id: number): Promise<void> {
    if (this.#in.has(id)) return Promise.resolve()
    if (this.#ended) return Promise.reject(ended())
    const waiting = this.#waiting.get(id) ?? new Deferred<void>()
    this.#waiting.set(id, waiting)
    return waiting.promise
  }
}

function ended(): LinkError {
  return new LinkError('the link has ended', 'ERR_LINK_ENDED')
}
