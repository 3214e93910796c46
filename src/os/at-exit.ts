import process from 'node:process'

const calls = new Set<() => void>()
let listening = false

/** Calls this when the thread ends by itself or by `process.exit`, unless the answer was called before. */
export function atExit(call: () => void): () => void {
  if (!listening) process.on('exit', () => [...calls].forEach(each => void each()))
  listening = true
  calls.add(call)
  return () => calls.delete(call)
}
