/** There is a second Ctrl-C for those who do not want to wait. In ms, the longest that a timer can. */
export const PATIENCE = 2 ** 31 - 1 - 10_000
