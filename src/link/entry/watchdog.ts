import process from 'node:process'
import { workerData } from 'node:worker_threads'

// Runs beside steps, which may keep the main thread busy when the parent dies: nothing that runs there would notice.

const LOOK_EVERY = 500

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY)
