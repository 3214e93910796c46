// npm run fuzz [frames] [seed]
import process from 'node:process'
import { fuzzHost } from './fuzz-host.js'

const frames = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
console.log(`${frames} frames, seed ${seed}`)
const start = performance.now()
const { refused, rss } = await fuzzHost({ frames, seed, tell: console.log })
const seconds = Math.round((performance.now() - start) / 1000)
console.log(
  `${frames} mutated frames in ${seconds} s; ${refused} connections ended by the host, which takes ${rss >> 20} MiB`,
)
