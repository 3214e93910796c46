import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PEERS } from './peer.js'

const PYTHON = fileURLToPath(new URL('python/bin/python', PEERS))

/** What a script of bench/peers prints: a rate in items a second for each line `name rate`; empty where Python's rivals are not installed. */
export async function python(script: string, ...args: (string | number)[]): Promise<Map<string, number>> {
  if (!existsSync(PYTHON)) return new Map()
  const file = fileURLToPath(new URL(script, PEERS))
  const { stdout } = await promisify(execFile)(PYTHON, [file, ...args.map(String)])
  const lines = stdout.trim().split('\n')
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
