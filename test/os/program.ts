import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect } from 'vitest'

export const FIXTURE = fileURLToPath(new URL('../fixtures/os-arena.js', import.meta.url))

const started: ChildProcess[] = []
/** Ends it with the tests of its file, however they end. */
export function tracked<C extends ChildProcess>(child: C): C {
  started.push(child)
  return child
}
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** A process that takes part in an arena and does as it is told. */
export class Program {
  readonly process: ChildProcess
  readonly #news: unknown[] = []
  readonly #answers: unknown[] = []
  readonly exit: Promise<unknown[]>
  #wake = (): void => {}

  constructor(child: ChildProcess) {
    this.process = child
    tracked(child)
    this.exit = once(child, 'exit')
    child.on('message', (message: { news?: unknown; answer?: unknown }) => {
      if ('news' in message) this.#news.push(message.news)
      else this.#answers.push(message.answer)
      this.#wake()
    })
    child.on('exit', () => this.#wake())
  }

  /** Quiet: what it says when it fails, as it must, is not printed. */
  static async start(path: string, { quiet = false } = {}): Promise<Program> {
    const errors = quiet ? 'ignore' : 'inherit'
    const program = new Program(fork(FIXTURE, ['serve', path], { stdio: ['ignore', 'inherit', errors, 'ipc'] }))
    expect(await program.news()).toBe('up')
    return program
  }

  get pid(): number {
    return this.process.pid as number
  }

  async call<T = unknown>(...command: unknown[]): Promise<T> {
    this.process.send(command)
    return (await this.#next(this.#answers)) as T
  }

  /** Of a command that has no answer, since it ends the process. */
  async last(...command: unknown[]): Promise<unknown[]> {
    this.process.send(command)
    return await this.exit
  }

  async news(): Promise<unknown> {
    return await this.#next(this.#news)
  }

  takeNews(): unknown[] {
    return this.#news.splice(0)
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal)
    if (signal === 'SIGKILL') await this.exit
  }

  async #next(from: unknown[]): Promise<unknown> {
    while (from.length === 0) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error('the program has ended')
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return from.shift()
  }
}

/** Runs the fixture to its end. */
export async function run(
  args: readonly string[],
  { env = {}, command = [process.execPath] }: { env?: NodeJS.ProcessEnv; command?: readonly string[] } = {},
): Promise<{ code: unknown; signal: unknown; stdout: string }> {
  const [program, ...before] = command
  const child = spawn(program as string, [...before, FIXTURE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  tracked(child)
  let stdout = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, stdout: stdout.trim() }
}

/** A directory in memory for the tests of a file, and a new path in it for each call. */
export function paths(): () => string {
  const root = mkdtempSync('/dev/shm/queuelink-test-')
  afterAll(() => rmSync(root, { recursive: true }))
  let count = 0
  return () => join(root, `queue-${count++}`)
}

/** What is beside a file that was made of its name. */
export function beside(path: string): string[] {
  return readdirSync(join(path, '..')).filter(name => join(path, '..', name).startsWith(`${path}.`))
}

/** Closes what the tests of a file opened, after each of them. */
export function closing(): <C extends { close(): void }>(closable: C) => C {
  const open: { close(): void }[] = []
  afterEach(() => {
    for (const closable of open.splice(0)) closable.close()
  })
  return closable => {
    open.push(closable)
    return closable
  }
}
