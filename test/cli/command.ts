import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A running command, in a directory of the test file. */
export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

/** A directory for one test file, and the command in it. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'queuelink-cli-'))
  readonly #running = new Set<ChildProcess>()

  constructor() {
    afterAll(async () => {
      for (const child of this.#running) child.kill('SIGKILL')
      await rm(this.directory, { recursive: true, force: true })
    })
  }

  at(name: string): string {
    return join(this.directory, name)
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8')
  }

  write(name: string, content: string | Uint8Array): Promise<void> {
    return writeFile(this.at(name), content)
  }

  start(...args: readonly string[]): Running {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: this.directory, stdio: 'pipe' })
    this.#running.add(child)
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    child.stdout.on('data', chunk => chunks.stdout.push(chunk))
    child.stderr.on('data', chunk => chunks.stderr.push(chunk))
    child.stdin.on('error', () => {})
    const ended = new Promise<Ended>(resolve => {
      child.on('close', (code, signal) => {
        this.#running.delete(child)
        resolve({ code, signal, stdout: `${Buffer.concat(chunks.stdout)}`, stderr: `${Buffer.concat(chunks.stderr)}` })
      })
    })
    return { process: child, ended }
  }

  /** Runs the command to its end; `input` is its whole stdin. */
  async run(args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
    const { process, ended } = this.start(...args)
    process.stdin?.end(input)
    return ended
  }

  /** Runs a line in the shell, where `queuelink` is the command. */
  async shell(line: string): Promise<Ended> {
    const text = `queuelink() { "$NODE" "$MAIN" "$@"; }\n${line}`
    const child = spawn('bash', ['-c', text], {
      cwd: this.directory,
      env: { ...process.env, NODE: process.execPath, MAIN },
      stdio: 'pipe',
    })
    child.stdin.end()
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
    return new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
  }
}

export function numbers(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, n) => `${from + n}\n`).join('')
}
