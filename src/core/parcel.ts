/** What was put together, encoded together: decodes by itself anywhere, so that any late reader and any link can pass it on. */
export interface Parcel {
  readonly bytes: Uint8Array
  /** Items in it. */
  readonly count: number
}
