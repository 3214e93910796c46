import { Feed } from '../core/feed.js'
import { Source } from '../core/source.js'
import { optionError } from '../errors/option-error.js'
import { checkFormat, type Decoded, type Format, type FormatOption, type ValueFormat } from './format.js'
import { pathOf } from './paths.js'
import { FileReader } from './read-file.js'

export interface FromFileOptions<A extends Format = Format> extends FormatOption<A> {
  /** Byte offset to begin at; with `as: 'lines'` or `'json'` the beginning of a line. 0. */
  start?: number
  /** Ends the subscription with the signal's reason, at once; what is out can still be settled. */
  signal?: AbortSignal
}

/**
 * A file as a source of lines, chunks or JSON values. Each subscription opens it anew. Reading goes no further than what
 * is settled and a few hundred KiB, so that a file larger than memory passes. A file that is not there or cannot be read
 * is an error `ERR_FILE`; bytes that are no UTF-8 are read as U+FFFD, and a line that is not JSON is a CodecError.
 *
 * @example
 * ```ts
 * import { fromFile, toFile } from 'queuelink'
 * import { filter } from 'rxjs'
 *
 * const imports = toFile('/tmp/imports.txt')
 * fromFile(new URL(import.meta.url)).pipe(filter(line => line.startsWith('import'))).subscribe(imports)
 * await imports.done
 * ```
 */
export function fromFile<T>(path: string | URL, o: FromFileOptions<ValueFormat> & { as: ValueFormat }): Source<T>
export function fromFile<A extends Format = 'lines'>(path: string | URL, o?: FromFileOptions<A>): Source<Decoded[A]>
export function fromFile(path: string | URL, o: FromFileOptions = {}): Source<unknown> {
  const as = checkFormat(o.as)
  const { start = 0, signal } = o
  if (!Number.isSafeInteger(start) || start < 0) throw optionError('start', 'a byte offset, 0 or more', start)
  const name = pathOf(path)
  return new Source<unknown>(
    name,
    () => new Feed(name),
    feed => {
      if (signal?.aborted) {
        feed.end(signal.reason)
        return () => {}
      }
      const reader = new FileReader(name, as, start, feed)
      const abort = (): void => reader.abort(signal?.reason)
      signal?.addEventListener('abort', abort, { once: true })
      return () => {
        signal?.removeEventListener('abort', abort)
        reader.stop()
      }
    },
  )
}
