// Whether this process was stopped meanwhile, as SIGSTOP does, or starved: tests that ran then prove nothing, since their clocks went on.
const TICK = 100
const LATE = 1000

let last = performance.now()
let stops = 0

function look() {
  const now = performance.now()
  if (now - last > TICK + LATE) stops++
  last = now
}
setInterval(look, TICK).unref()

/** The result of the first run that was not stopped. @template T @param {() => Promise<T>} run @returns {Promise<T>} */
export async function whole(run) {
  for (;;) {
    look()
    const before = stops
    const result = await run()
    look()
    if (stops === before) return result
  }
}
