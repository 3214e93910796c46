const EVERY = 1000

const waiting = new Set<() => void>()
let timer: NodeJS.Timeout | undefined

/**
 * Calls this once a second until the answer is called. One timer serves all of a thread, so that many who wait wake it once;
 * it does not keep the process alive.
 */
export function everySecond(call: () => void): () => void {
  // A function of its own for each caller: the same one may be given twice.
  const own = (): void => call()
  waiting.add(own)
  timer ??= setInterval(tick, EVERY).unref()
  return () => {
    waiting.delete(own)
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function tick(): void {
  for (const call of [...waiting]) if (waiting.has(call)) call()
}
