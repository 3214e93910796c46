import { within } from '../within.js'

/** How long who was asked to leave has, in ms, to let go of what it has opened; also, before that, to load. */
const GRACE = 5000

export interface Leaving {
  readonly isLoaded: boolean
  /** How long it may take to answer once it is loaded, in ms. */
  readonly answer: number
  /** It has said something since it was asked, or is gone. */
  readonly heard: Promise<unknown>
  readonly left: Promise<unknown>
}

/** Waits for who was asked to leave. False: it hangs. */
export async function hasLeft({ isLoaded, answer, heard, left }: Leaving): Promise<boolean> {
  return (await within(isLoaded ? answer : GRACE, heard)) && within(GRACE, left)
}
