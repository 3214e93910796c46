// Fails when a source file has more than 300 code lines; blank lines and comments are not counted.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const LIMIT = 300
const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} folder @returns {string[]} */
function sourcesIn(folder) {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => join(root, folder, name))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
}

/** @param {string} file */
function countCodeLines(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  /** @type {Set<number>} */
  const lines = new Set()
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isJSDoc(node) || node.kind === ts.SyntaxKind.EndOfFileToken) return
    const children = node.getChildren(source)
    if (children.length > 0) {
      children.forEach(visit)
      return
    }
    if (node.getWidth(source) === 0) return
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
    for (let line = first; line <= last; line++) lines.add(line)
  }
  visit(source)
  return lines.size
}

const counts = [...sourcesIn('src'), ...sourcesIn('operators')].map(file => ({ file, lines: countCodeLines(file) }))
const tooLong = counts.filter(({ lines }) => lines > LIMIT)
for (const { file, lines } of tooLong) {
  console.error(`${relative(root, file)}: ${lines} code lines, ${LIMIT} are allowed: split it by concept`)
}
const longest = Math.max(0, ...counts.map(({ lines }) => lines))
if (tooLong.length > 0) process.exitCode = 1
else console.log(`${counts.length} files, the longest has ${longest} code lines (limit ${LIMIT})`)
