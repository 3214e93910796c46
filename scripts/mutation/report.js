// What a run found, for people.
import { existsSync, readFileSync } from 'node:fs'

/** @typedef {import('./trial.js').Result} Result */

/**
 * Whether docs/mutation.md gives a reason for a survivor: a heading for each file, and `- change: reason`, or, for all changes
 * of a line, `- in `line`: reason`.
 * @param {string} page
 * @returns {(result: Result) => boolean}
 */
export function explained(page) {
  const known = new Set()
  let file = ''
  for (const line of existsSync(page) ? readFileSync(page, 'utf8').split('\n') : []) {
    file = /^### (.*)$/.exec(line)?.[1] ?? file
    const what = /^- (`.*` → `.*?`|in `.*?`): /.exec(line)?.[1]
    if (what !== undefined) known.add(`${file} ${what}`)
  }
  return result => known.has(`${result.file} ${result.change}`) || known.has(`${result.file} in \`${result.text}\``)
}

/** @param {Result[]} results @returns {Map<string, Result[]>} */
function byFile(results) {
  /** @type {Map<string, Result[]>} */
  const files = new Map()
  for (const result of results) files.set(result.file, [...(files.get(result.file) ?? []), result])
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @param {Result[]} results */
export function summary(results) {
  /** @param {string} name @param {Result[]} some */
  const row = (name, some) => {
    const count = (/** @type {Result['by']} */ by) => some.filter(result => result.by === by).length
    const share = 100 * (1 - count('nothing') / some.length)
    return `| ${[name, some.length, count('contract'), count('others'), count('nothing'), `${share.toFixed(1)} %`].join(' | ')} |`
  }
  const head =
    '| file | mutants | caught by the contract | by other tests | survived | caught |\n|---|---|---|---|---|---|'
  return [head, ...[...byFile(results)].map(([file, some]) => row(file, some)), row('all', results)].join('\n')
}

/** @param {Result[]} results */
export function listed(results) {
  return [...byFile(results)]
    .map(([file, some]) => [
      `### ${file}`,
      ...some.map(({ line, change, tests }) => `- ${change}: line ${line}, ${tests} tests`),
    ])
    .map(lines => lines.join('\n'))
    .join('\n\n')
}
