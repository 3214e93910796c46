import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

removeLeftOvers()

const { status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', root], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)

// Loading a hundred small modules takes longer than all of their work: what is installed is bundled. Every file lies one
// folder deep, as in src, so that files that are found by their place are found in both.
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  external: [/^node:/, /^[a-z]/],
  input: {
    'lib/index': 'dist/src/index.js',
    'lib/operators': 'dist/operators/index.js',
    'lib/testing': 'dist/src/testing/index.js',
    'cli/main': 'dist/src/cli/main.js',
  },
})
await bundle.write({ dir: join(root, 'dist/bundle'), format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' })
await bundle.close()

// A child is to be there at once, and of rxjs it needs little: it has that little inside, and so it has msgpackr. What steps
// import is their own. As CommonJS it starts sooner: Node has loaded nothing for modules by then, and loads less of its own for
// what is imported.
const entries = await rolldown({
  cwd: root,
  platform: 'node',
  external: id => /^(node:|[a-z@])/.test(id) && !['rxjs', 'tslib', 'msgpackr/pack', 'msgpackr/unpack'].includes(id),
  resolve: {
    alias: {
      rxjs: join(root, 'node_modules/rxjs/dist/esm/index.js'),
      'msgpackr/pack': join(root, 'node_modules/msgpackr/index.js'),
      'msgpackr/unpack': join(root, 'node_modules/msgpackr/unpack.js'),
      './load-msgpackr.js': join(root, 'dist/src/link/entry/inner-msgpackr.js'),
    },
  },
  input: {
    child: 'dist/src/link/entry/child.js',
    thread: 'dist/src/link/entry/thread.js',
    watchdog: 'dist/src/link/entry/watchdog.js',
  },
})
// Names stay, for those who read a stack.
const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } }
const entryDirectory = join(root, 'dist/bundle/entry')
await entries.write({ dir: entryDirectory, format: 'cjs', chunkFileNames: 'chunks/[name]-[hash].js', minify })
await entries.close()
writeFileSync(join(entryDirectory, 'package.json'), '{ "type": "commonjs" }\n')
for (const [name, file] of Object.entries({ rxjs: 'LICENSE.txt', msgpackr: 'LICENSE' })) {
  copyFileSync(join(root, 'node_modules', name, file), join(entryDirectory, `chunks/LICENSE-${name}.txt`))
}

// A bin that is missing is not the build's business: publint reports it.
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
for (const file of Object.values(bin)) if (existsSync(join(root, file))) chmodSync(join(root, file), 0o755)

/** Only what has changed is compiled again: what is no source any more has to go. */
function removeLeftOvers() {
  const dist = join(root, 'dist')
  rmSync(join(dist, 'bundle'), { recursive: true, force: true })
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const source = file.slice(dist.length + 1).replace(/\.(js|d\.ts)$/, '.ts')
    if (entry.isFile() && source.endsWith('.ts') && !existsSync(join(root, source))) rmSync(file)
  }
}
