import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Tests import the package by its name and internals as '#src/…'; both are the built files. Vite does not resolve a
// package's own name, so the entry points are aliased here, straight from package.json.
const { name, exports } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'))
const entryPoints = Object.entries<string | { default: string }>(exports).map(([subpath, target]) => ({
  find: new RegExp(`^${subpath.replace('.', name)}$`),
  replacement: fileURLToPath(new URL(typeof target === 'string' ? target : target.default, import.meta.url)),
}))

export default defineConfig({
  resolve: { alias: entryPoints },
  test: {
    include: ['test/**/*.test.ts', 'marbles/**/*.marbles.ts'],
    // The built files are left to Node, as for a user: vitest does not transform them.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    dangerouslyIgnoreUnhandledErrors: false,
    allowOnly: false,
    passWithNoTests: false,
  },
})
