import { InvalidArgumentError } from 'commander'

/** A whole number of the command line, 1 or more. */
export function count(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Give a whole number, 1 or more.')
}
