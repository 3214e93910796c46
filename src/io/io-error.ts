import { QueueLinkError } from '../errors/queue-link-error.js'

const ADVICE: Record<string, string> = {
  ENOENT: 'check the path and that its directory exists',
  EACCES: 'check the permissions of the file and its directories',
  EPERM: 'check the permissions of the file and its directories',
  EROFS: 'its file system is read-only; choose another path',
  EISDIR: 'it is a directory; give the path of a file',
  ENOTDIR: 'a part of the path is no directory; check the path',
  ENOSPC: 'the disk is full; free space and start again, nothing unsettled is lost',
  EDQUOT: 'the disk quota is used up; free space and start again, nothing unsettled is lost',
  EMFILE: 'too many files are open; close some, or raise the limit (ulimit -n)',
  ENFILE: 'too many files are open; close some, or raise the limit (ulimit -n)',
  Z_DATA_ERROR: 'it is damaged, or not compressed with gzip; set gzip: false if it is not',
  Z_BUF_ERROR: 'it is cut short; what came before was read',
  EPIPE: 'its reader has gone; find out why it ended',
  ECONNRESET: 'its other end has gone; find out why it ended',
}

/** `ERR_FILE`: what could not be done with a file, and what to do about it. */
export function fileError(doing: string, path: string, cause: unknown): QueueLinkError {
  return new QueueLinkError(`cannot ${doing} ${path}: ${describe(cause)}`, 'ERR_FILE', { cause })
}

/** `ERR_STREAM`: a stream failed, or closed before its end. */
export function streamError(doing: string, name: string, cause: unknown): QueueLinkError {
  return new QueueLinkError(`cannot ${doing} ${name}: ${describe(cause)}`, 'ERR_STREAM', { cause })
}

function describe(cause: unknown): string {
  const { code = '', message = String(cause) } = (cause ?? {}) as { code?: string; message?: string }
  const advice = ADVICE[code]
  return advice ? `${code}, ${advice}` : message
}
