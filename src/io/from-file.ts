import { Feed } from '../core/feed.js'
import { Source } from '../core/source.js'
import { optionError } from '../errors/option-error.js'
import { onAbort } from '../util/on-abort.js'
import { FileFollower } from './follow-file.js'
import { checkFormat, type Decoded, type Format, type FormatOption, type ValueFormat } from './format.js'
import { isGzipPath } from './gzip-path.js'
import { pathOf } from './paths.js'
import { FileReader } from './read-file.js'

export interface FromFileOptions<A extends Format = Format> extends FormatOption<A> {
  /** Byte offset to begin at; with `as: 'lines'` or `'json'` the beginning of a line. 0. */
  start?: number
  /** Goes on with what is appended, for as long as it is subscribed; see below. */
  follow?: boolean
  /** Decompresses; by default where the path ends in `.gz`. Not with `start` or `follow`. */
  gzip?: boolean
  /** Ends the subscription with the signal's reason, at once; what is out can still be settled. */
  signal?: AbortSignal
}

/**
 * A file as a source of lines, chunks, JSON values or frames. Each subscription opens it anew. Reading goes no further than
 * what is settled and a few hundred KiB, so that a file larger than memory passes. A file that is not there or cannot be
 * read is an error `ERR_FILE`, and so is a damaged gzip file, after what came before; bytes that are no UTF-8 are read as
 * U+FFFD, and what is not JSON, or no frame, is a CodecError with its byte offset. A FIFO keeps the process alive from its
 * first writer on.
 *
 * With `follow` it does not end: it waits for a file that is not there, goes on with what is appended, and with the next
 * file of the name when the file is renamed or deleted (what is still written to the old one is read until there has been
 * nothing new for 200 ms; an unfinished last line counts as a line then). A file that is cut, or whose last bytes have
 * changed, is read again from its beginning, without the unfinished line of before. It is looked at five times a second and
 * whenever the system tells of a change. What is appended and cut away between two looks is lost, and so is, where a
 * log is copied and then cut, what comes in between; up to 64 renamed files wait for a slow reader.
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
  const { start = 0, follow = false, signal } = o
  if (!Number.isSafeInteger(start) || start < 0) throw optionError('start', 'a byte offset, 0 or more', start)
  const name = pathOf(path)
  const gzip = o.gzip ?? isGzipPath(name)
  if (gzip && start > 0)
    throw optionError('start', 'left out for a compressed file, which has no place to begin at', start)
  if (gzip && follow) throw optionError('follow', 'left out for a compressed file, which cannot be followed', follow)
  return new Source<unknown>(
    name,
    () => new Feed(name),
    feed => {
      if (signal?.aborted) {
        feed.end(signal.reason)
        return () => {}
      }
      const reader = follow ? new FileFollower(name, as, start, feed) : new FileReader(name, as, start, gzip, feed)
      const forget = onAbort(signal, () => reader.abort(signal?.reason))
      return () => {
        forget()
        reader.stop()
      }
    },
  )
}
