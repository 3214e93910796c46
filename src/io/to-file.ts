import type { Sink } from '../core/sink.js'
import { optionError } from '../errors/option-error.js'
import { AtomicTarget } from './atomic-target.js'
import { cutAfterLastFrame } from './cut-frames.js'
import { cutAfterLastLine } from './cut-lines.js'
import { type Cut, FileTarget } from './file-target.js'
import { checkFormat, type Encodable, type Format, type FormatOption, type ValueFormat } from './format.js'
import { isGzipPath } from './gzip-path.js'
import { GzipTarget } from './gzip-target.js'
import type { Target } from './outlet.js'
import { sinkInto } from './outlet-sink.js'
import { pathOf } from './paths.js'

export interface ToFileOptions<A extends Format = Format> extends FormatOption<A> {
  /** Keeps what the file holds, and writes after it. */
  append?: boolean
  /**
   * As `append`, but first cuts the file after its last line feed, or its last whole frame, should a crash have left half a
   * record; bytes are not cut. Frames are looked at from the file's beginning, or from this byte offset, where one begins.
   */
  cut?: boolean | number
  /**
   * Writes to a new file beside the old one, which takes its place, synced to disk, when the source completes; in all other
   * ends it is removed, and the old content stays. Not with `append` or `cut`. Items are settled as they are written, so
   * that as a whole they are stored at most once. A killed process leaves the new file, `.name.….tmp`, behind.
   */
  atomic?: boolean
  /**
   * Compresses; by default where the path ends in `.gz`. What is settled can be decompressed even if the process dies: each
   * chunk that is written ends with a flush. That costs 0.2 % where items come in bulk, and doubles the size where each
   * item (of 60 bytes) comes alone. `append` adds a gzip member, which a torn one before it hides. Not with `cut`.
   */
  gzip?: boolean
  /** Settles items only when they are on disk: each chunk that is written, of up to 1 MiB, waits for one `fdatasync`. */
  sync?: boolean
}

/**
 * A file as a sink of lines, bytes, JSON values or frames. It is opened at once, and replaced unless `append` or `cut` is
 * set. An item is stored when it is written; up to 1 MiB waits for that. Every line is ended by a line feed, the last one
 * too: without it, `cut` would take away a line that is settled; copy by `'bytes'` where each byte counts. The file is
 * closed, with all accepted items written, however the source ends, and then `done` settles. A file that cannot be opened
 * or written gives its items back, and `done` rejects with `ERR_FILE`; what cannot be encoded, and a file that `cut` finds
 * damaged, is a CodecError. A FIFO waits for its reader.
 *
 * @example
 * ```ts
 * import { toFile } from 'queuelink'
 * import { of } from 'rxjs'
 *
 * const log = toFile('orders.ndjson', { as: 'json', append: true })
 * of({ id: 1 }, { id: 2 }).subscribe(log)
 * await log.done
 * ```
 */
export function toFile<T>(path: string | URL, o: ToFileOptions<ValueFormat> & { as: ValueFormat }): Sink<T>
export function toFile<A extends Format = 'lines'>(path: string | URL, o?: ToFileOptions<A>): Sink<Encodable[A]>
export function toFile(path: string | URL, o: ToFileOptions = {}): unknown {
  const as = checkFormat(o.as)
  return sinkInto(targetFor(pathOf(path), as, o), as)
}

function targetFor(path: string, as: Format, o: ToFileOptions): Target {
  const { append = false, cut = false, atomic = false, sync = false, gzip = isGzipPath(path) } = o
  const keep = append || cut !== false
  if (atomic && keep) throw optionError('atomic', 'left out with append or cut', atomic)
  if (gzip && cut !== false)
    throw optionError('cut', 'left out for a compressed file, which has no records to see', cut)
  const target = atomic ? new AtomicTarget(path, sync) : new FileTarget(path, { keep, cut: cutOf(as, cut), sync })
  return gzip ? new GzipTarget(target) : target
}

function cutOf(as: Format, cut: boolean | number): Cut | undefined {
  if (typeof cut === 'number' && !(Number.isSafeInteger(cut) && cut >= 0)) {
    throw optionError('cut', 'true, or the byte offset of a frame', cut)
  }
  if (cut === false || as === 'bytes') return undefined
  if (as !== 'frames') return cutAfterLastLine
  const from = cut === true ? 0 : cut
  return (fd, size, done) => cutAfterLastFrame(fd, size, from, done)
}
