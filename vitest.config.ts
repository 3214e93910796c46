import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Tests import the package by its name and internals as '#src/…'; both are the built files, before they are bundled, so that
// no module is there twice. What tests start, and the test of the package itself, runs the bundle.
const built = (path: string): string => fileURLToPath(new URL(`./dist/${path}`, import.meta.url))
const entryPoints = [
  { find: /^queuelink$/, replacement: built('src/index.js') },
  { find: /^queuelink\/operators$/, replacement: built('operators/index.js') },
  { find: /^queuelink\/testing$/, replacement: built('src/testing/index.js') },
]

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
