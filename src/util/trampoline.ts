import { Ring } from './ring.js'

/** Something that drains itself when it is its turn. */
export interface Task {
  run(): void
}

/**
 * How many drains may run inside one another. A few give the depth first order of Subjects, and spare the queue; what lies
 * deeper waits until the outermost drain has returned, so that a chain of 10,000 queues uses no more stack than these few.
 */
const NESTED = 16

const waiting = new Ring<Task>()
let depth = 0
let held = false

/** Runs a task now, or, when too many are running further up the call stack, as soon as they are done. */
export function trampoline(task: Task): void {
  if (!enter()) {
    waiting.push(task)
    return
  }
  try {
    task.run()
  } finally {
    leave()
  }
}

/** For a task too small to be one: false if it has to wait for its turn; if true, `leave` must follow. */
export function enter(): boolean {
  if (held || depth >= NESTED) return false
  depth++
  return true
}

export function leave(): void {
  try {
    if (depth === 1 && waiting.length > 0) for (let next = waiting.shift(); next; next = waiting.shift()) next.run()
  } finally {
    depth--
    // A task that threw must not strand those behind it.
    if (depth === 0 && waiting.length > 0) queueMicrotask(resume)
  }
}

/** Tasks that come up meanwhile run afterwards: each once, and not for every step of the work. */
export function together(work: () => void): void {
  if (held) {
    work()
    return
  }
  held = true
  try {
    work()
  } finally {
    held = false
    if (depth === 0 && waiting.length > 0 && enter()) leave()
  }
}

/** Runs a task after all those that run or wait now; only for a task that runs itself. */
export function stepAside(task: Task): void {
  waiting.push(task)
}

/** How many tasks wait until those that run are done: a long drain steps aside for them. */
export function behind(): number {
  return waiting.length
}

function resume(): void {
  const next = waiting.shift()
  if (next) trampoline(next)
}
