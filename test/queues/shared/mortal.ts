import type { Geometry } from '#src/queues/shared/geometry'
import { Views } from '#src/queues/shared/views'

export class Death extends Error {}

/** Memory whose user dies after so many more stores. */
export class MortalViews extends Views {
  /** Stores left; Infinity: it lives on. */
  left = Number.POSITIVE_INFINITY
  #selector: (block: number) => void

  constructor(buffer: ArrayBuffer, geometry: Geometry) {
    super(buffer, 0, buffer.byteLength, geometry)
    const { ints } = this
    this.#selector = block => Atomics.store(ints, 0, block)
    for (const name of ['ints', 'floats', 'bytes'] as const) {
      Object.defineProperty(this, name, { value: this.#mortal(this[name]) })
    }
  }

  override set selector(block: number) {
    this.#spend()
    this.#selector(block)
  }

  override get selector(): number {
    return super.selector
  }

  #spend(): void {
    if (this.left-- <= 0) throw new Death()
  }

  #mortal<A extends object>(array: A): A {
    return new Proxy(array, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (key === 'set' || key === 'copyWithin') this.#spend()
          return Reflect.apply(value, target, args)
        }
      },
      set: (target, key, value) => {
        this.#spend()
        return Reflect.set(target, key, value, target)
      },
    })
  }
}
