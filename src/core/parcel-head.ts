/** What comes before the items of a parcel without extras: `[enqueuedAt, null, …` */
export const HEAD_BYTES = 15
export const ARRAY32 = 0xdd
export const FLOAT64 = 0xcb
export const NIL = 0xc0

/** `count` items were put at `at`. */
export function writeHead(target: Buffer, count: number, at: number): void {
  target[0] = ARRAY32
  target.writeUInt32BE(count + 2, 1)
  target[5] = FLOAT64
  target.writeDoubleBE(at, 6)
  target[14] = NIL
}
