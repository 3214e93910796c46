import { Ring } from './ring.js'

/** Something that drains itself when it is its turn. */
export interface Task {
  run(): void
}

const waiting = new Ring<Task>()
let active = false

/**
 * Runs a task now, or, when another one is running further up the call stack, right after it.
 * That keeps drains iterative: a chain of 10,000 queues uses no more stack than one.
 */
export function trampoline(task: Task): void {
  if (active) {
    waiting.push(task)
    return
  }
  active = true
  let next: Task | undefined = task
  try {
    for (; next; next = waiting.shift()) next.run()
  } finally {
    active = false
    // A task that threw must not strand those behind it.
    const behind = waiting.shift()
    if (behind) queueMicrotask(() => trampoline(behind))
  }
}

/** How many tasks wait behind the one that is running: a long drain steps aside for them. */
export function behind(): number {
  return waiting.length
}
