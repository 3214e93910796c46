// A choice at random, the same for the same seed.

/**
 * So many of them, in their order.
 * @template T
 * @param {readonly T[]} all
 * @param {number} count
 * @param {number} seed
 * @returns {T[]}
 */
export function sample(all, count, seed) {
  if (count >= all.length) return [...all]
  const random = mulberry32(seed)
  const drawn = all.map((_, i) => ({ i, lot: random() })).sort((a, b) => a.lot - b.lot)
  const kept = new Set(drawn.slice(0, count).map(({ i }) => i))
  return all.filter((_, i) => kept.has(i))
}

/** @param {number} seed @returns {() => number} from 0 up to 1 */
function mulberry32(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
