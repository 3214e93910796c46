// A child process of index-tree: writes every file below a directory as a line of JSON, with its size.
// Hidden directories (.git, .cache) are left out.
import { opendir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import process from 'node:process'

const root = process.argv[2] ?? '.'

async function* filesIn(directory: string): AsyncGenerator<string> {
  for await (const entry of await opendir(directory)) {
    const path = join(directory, entry.name)
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* filesIn(path)
    else if (entry.isFile()) yield path
  }
}

for await (const path of filesIn(root)) {
  const { size } = await stat(path)
  process.stdout.write(`${JSON.stringify({ path: relative(root, path), bytes: size })}\n`)
}
