/** Whether this item of a parcel is marked. Without bits none is. */
export function hasBit(bits: Buffer | undefined, index: number): boolean {
  return bits !== undefined && ((bits[index >> 3]! >> (index & 7)) & 1) !== 0
}
