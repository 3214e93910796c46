// Whether this process was stopped meanwhile, as SIGSTOP does, or starved: a test that failed then proves nothing, since clocks went on.
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

/**
 * What a run answers that was not stopped, or came to no harm by it.
 * @template T
 * @param {() => Promise<T>} run
 * @param {(result: T) => boolean} harmed
 * @returns {Promise<T>}
 */
export async function unharmed(run, harmed) {
  for (;;) {
    look()
    const before = stops
    const result = await run()
    look()
    if (stops === before || !harmed(result)) return result
  }
}
