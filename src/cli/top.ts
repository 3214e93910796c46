import { readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { ExitCode } from './exit-code.js'
import { liveDirectory } from './live-directory.js'
import type { Live } from './live-server.js'
import { table } from './live-table.js'
import { UsageError } from './usage-error.js'

export interface TopOptions {
  once?: boolean
  json?: boolean
}

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_REST = '\x1b[J'

/** Shows what runs, until it ends or the viewer leaves. `which`: a name or a process id; all there is without it. */
export async function top(which: string | undefined, o: TopOptions): Promise<ExitCode> {
  const seen = new Map<number, Live>()
  const isScreen = process.stdout.isTTY && !o.json && !o.once
  const show = (live: Live): void => {
    if (which !== undefined && live.name !== which && `${live.pid}` !== which) return
    seen.set(live.pid, live)
    if (o.json) process.stdout.write(`${JSON.stringify(live)}\n`)
    else if (isScreen) repaint([...seen.values()])
  }
  const leave = new AbortController()
  const onSignal = (): void => leave.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  if (isScreen) process.stdout.write(ENTER)
  try {
    const names = readdirSync(liveDirectory()).filter(name => name.endsWith('.sock'))
    await Promise.all(names.map(name => follow(join(liveDirectory(), name), show, o.once ?? false, leave.signal)))
  } finally {
    if (isScreen) process.stdout.write(LEAVE)
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  const last = [...seen.values()]
  if (last.length === 0) throw new UsageError(nothing(which))
  // What was there last stays to be read.
  if (!o.json) process.stdout.write(`${last.map(live => table(live)).join('\n\n')}\n`)
  return ExitCode.done
}

/** Ends when what it follows does, or after the first news if that is enough. */
function follow(path: string, show: (live: Live) => void, once: boolean, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(path)
    const lines = createInterface({ input: socket })
    lines.on('error', () => {})
    lines.on('line', line => {
      show(JSON.parse(line) as Live)
      if (once) socket.destroy()
    })
    socket.on('error', error => {
      // Its process was killed.
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') rmSync(path, { force: true })
    })
    lines.on('close', resolve)
    socket.on('close', () => lines.close())
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    if (signal.aborted) socket.destroy()
  })
}

function repaint(all: readonly Live[]): void {
  const { rows = 24, columns = 80 } = process.stdout
  const lines = all
    .map(live => table(live))
    .join('\n\n')
    .split('\n')
    .slice(0, rows - 1)
  const painted = lines.map(line => `${line.slice(0, columns)}${CLEAR_LINE}`)
  process.stdout.write(`${HOME}${painted.join('\n')}\n${CLEAR_REST}`)
}

function nothing(which: string | undefined): string {
  const what = which === undefined ? 'nothing' : `nothing called '${which}'`
  return `${what} is running that shows itself; queuelink run does, and queuelink link --top`
}
