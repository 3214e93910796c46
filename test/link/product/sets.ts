/** All subsets of one to so many. */
export function subsets<T>(all: readonly T[], most: number): T[][] {
  if (most === 0) return []
  return all.flatMap((one, at) => [[one], ...subsets(all.slice(at + 1), most - 1).map(rest => [one, ...rest])])
}

/** Sets of one to three in which each occurs once; others go together for another `turn`. */
export function coveringSets<T>(all: readonly T[], turn: number): T[][] {
  const strides = Array.from({ length: all.length }, (_, n) => n + 1).filter(stride => gcd(stride, all.length) === 1)
  const stride = strides[turn % strides.length] as number
  const mixed = all.map((_, at) => all[(at * stride + turn) % all.length] as T)
  const sets: T[][] = [mixed.splice(0, 1), mixed.splice(0, 2)]
  while (mixed.length > 0) sets.push(mixed.splice(0, 3))
  return sets
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
