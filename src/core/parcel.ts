/** What was put together, encoded together: decodes by itself anywhere, so that any late reader and any link can pass it on. */
export interface Parcel {
  readonly bytes: Uint8Array
  /** How many of the bytes belong to it; all, where it is not told. */
  readonly length?: number
  /** Items in it. */
  readonly count: number
}
