import { close, constants, fsync, open } from 'node:fs'

/** Some file systems know no such thing, and keep names in order by themselves. */
const NOT_KNOWN = ['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM']

/** Puts the names in a directory on disk: a file that was made or renamed there is found after a power loss. */
export function syncDirectory(path: string, done: (error: Error | null) => void): void {
  open(path, constants.O_RDONLY, (error, fd) => {
    if (error) {
      done(error)
      return
    }
    fsync(fd, error => {
      close(fd, () => done(error && NOT_KNOWN.includes(error.code ?? '') ? null : error))
    })
  })
}
