import type { Entry } from './archive.js'
import type { Unreadable } from './steps.js'

const LISTED = 5

/** What a person wants to know of a tree, collected entry by entry. */
export class Summary {
  files = 0
  bytes = 0
  unreadable = 0
  #copies = 0
  #copiedBytes = 0
  #largest: Entry[] = []
  readonly #timesSeen = new Map<string, { entry: Entry; times: number }>()

  add(entry: Entry | Unreadable): void {
    this.files++
    this.bytes += entry.bytes
    if ('error' in entry) {
      this.unreadable++
      return
    }
    if (entry.copyOf !== undefined) {
      this.#copies++
      this.#copiedBytes += entry.bytes
    }
    const seen = this.#timesSeen.get(entry.sha256)
    if (seen) seen.times++
    else this.#timesSeen.set(entry.sha256, { entry, times: 1 })
    this.#largest = [...this.#largest, entry].sort((a, b) => b.bytes - a.bytes).slice(0, LISTED)
  }

  get largest(): Entry | undefined {
    return this.#largest[0]
  }

  toString(): string {
    const wasted = [...this.#timesSeen.values()]
      .filter(({ entry, times }) => times > 1 && entry.bytes > 0)
      .sort((a, b) => b.entry.bytes * (b.times - 1) - a.entry.bytes * (a.times - 1))
      .slice(0, LISTED)
    return [
      `${this.files} files, ${mebibytes(this.bytes)}${this.unreadable > 0 ? `, ${this.unreadable} unreadable` : ''}`,
      '\nlargest',
      ...this.#largest.map(({ path, bytes }) => `  ${mebibytes(bytes).padStart(10)}  ${path}`),
      `\nduplicates: ${this.#copies} files, ${mebibytes(this.#copiedBytes)}`,
      ...wasted.map(({ entry, times }) => `  ${mebibytes(entry.bytes).padStart(10)}  ${times} times  ${entry.path}`),
    ].join('\n')
  }
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 1024 * 1024 ? 3 : 1)} MiB`
}
