import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

rmSync(join(root, 'dist'), { recursive: true, force: true })

const { status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', root], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)

// A bin that is missing is not the build's business: publint reports it.
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
for (const file of Object.values(bin)) if (existsSync(join(root, file))) chmodSync(join(root, file), 0o755)
