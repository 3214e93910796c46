import process from 'node:process'

/** As Node calls what it does with files: opening, reading, closing. */
const OF_FILES = /^F(S|ile)/
const LOOK_EVERY = 2

/**
 * Calls back once nothing is being done with a file in this thread. Where a thread ends while a file is being opened or closed,
 * that is called off, and the file stays open in the whole process.
 */
export function whenFilesRest(callback: () => void): void {
  if (process.getActiveResourcesInfo().some(name => OF_FILES.test(name))) {
    setTimeout(whenFilesRest, LOOK_EVERY, callback)
  } else callback()
}
