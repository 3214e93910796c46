/** Encoded bytes that a client may have put and not heard of, at most, besides a single put. */
export const PUT_BYTES = 8 * 1024 * 1024
/** Puts that a client may not have heard of, at most. */
export const PUTS = 65_536
/** Questions that a client may have asked and not heard of, at most. */
export const QUESTIONS = 1024
/** Encoded bytes of items on their way to a client, besides one parcel. */
export const ITEM_BYTES = 1024 * 1024
