/** The command line cannot be understood; nothing was opened. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
