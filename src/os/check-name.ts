import { optionError } from '../errors/option-error.js'

/** In bytes: what is made beside a queue's file has longer names, and 255 is the most that systems take. */
const LONGEST = 128

/** Throws `ERR_OPTION` unless a queue's file can be named so. */
export function checkName(option: string, name: unknown): asserts name is string {
  const wanted = `a name of 1 to ${LONGEST} bytes, without "/" and control characters, other than "." and ".."`
  if (typeof name !== 'string' || !/^[^/\p{Cc}\p{Cs}]+$/u.test(name) || /^\.\.?$/.test(name))
    throw optionError(option, wanted, name)
  if (Buffer.byteLength(name) > LONGEST) throw optionError(option, wanted, name)
}
