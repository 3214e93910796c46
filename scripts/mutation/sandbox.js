// A copy of the project below build/ whose chosen sources hold all of their mutants at once, each behind a switch.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInstrumenter } from '@stryker-mutator/instrumenter'
import ts from 'typescript'

/** Text is for people: a message that reads differently breaks no promise. */
const LEFT_OUT = ['StringLiteral', 'Regex']

/** A property that fails is enough: which is the smallest example, nobody asks. */
const HASTY = `import fc from '${import.meta.resolve('fast-check')}'
fc.configureGlobal({ endOnFailure: true })
export default fc`

/**
 * @typedef {object} Mutant
 * @property {string} id
 * @property {string} file
 * @property {number} line
 * @property {string} text of that line
 * @property {string} kind
 * @property {string} change what was there, and what stands in its place
 * @property {number} nth of several that read alike
 */

/**
 * @param {string} root
 * @param {readonly string[]} targets files and folders to mutate
 * @returns {Promise<{ sandbox: string, mutants: Mutant[] }>}
 */
export async function makeSandbox(root, targets) {
  const sandbox = join(root, `build/mutation-${process.pid}`)
  process.on('exit', () => rmSync(sandbox, { recursive: true, force: true }))
  const chosen = new Set(targets.flatMap(target => filesIn(root, target)))
  /** @param {string} from @param {string} to */
  const compile = (from, to) => {
    for (const name of filesIn(root, from)) {
      if (!chosen.has(name)) write(join(sandbox, to, `${name.slice(0, -3)}.js`), javascript(join(root, name)))
    }
  }
  compile('src', 'dist')
  compile('operators', 'dist')
  compile('test', '')
  compile('marbles', '')
  for (const folder of ['fixtures', 'fuzz', 'torture']) {
    cpSync(join(root, 'test', folder), join(sandbox, 'test', folder), { recursive: true })
  }
  standIn(root, sandbox)

  const sources = [...chosen].map(name => ({ name, mutate: true, content: readFileSync(join(root, name), 'utf8') }))
  const { files, mutants } = await instrument(sources)
  for (const { name, content } of files) write(join(sandbox, 'dist', `${name.slice(0, -3)}.js`), transpiled(content))
  const contents = new Map(sources.map(({ name, content }) => [name, content]))
  /** @type {Map<string, number>} */
  const alike = new Map()
  const described = mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(mutant => {
      const { id, fileName: file, mutatorName: kind, location } = mutant
      const what = change(/** @type {string} */ (contents.get(file)), mutant)
      const nth = (alike.get(`${file} ${kind} ${what}`) ?? 0) + 1
      alike.set(`${file} ${kind} ${what}`, nth)
      const text = contents.get(file)?.split('\n')[location.start.line]?.trim() ?? ''
      return { id, file, line: location.start.line + 1, text, kind, change: what, nth }
    })
  return { sandbox, mutants: described }
}

/** The modules by the names under which tests import them; `vitest` is a stand-in that starts at once, `fast-check` one that ends at once. @param {string} root @param {string} sandbox */
function standIn(root, sandbox) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  manifest.exports = {
    '.': './dist/src/index.js',
    './operators': './dist/operators/index.js',
    './testing': './dist/src/testing/index.js',
    './package.json': './package.json',
  }
  write(join(sandbox, 'package.json'), JSON.stringify(manifest))
  write(
    join(sandbox, 'node_modules/vitest/package.json'),
    '{ "name": "vitest", "type": "module", "exports": "./index.js" }',
  )
  write(join(sandbox, 'node_modules/fast-check/package.json'), '{ "type": "module", "exports": "./index.js" }')
  write(join(sandbox, 'node_modules/fast-check/index.js'), HASTY)
  cpSync(join(root, 'scripts/mutation/worker.js'), join(sandbox, 'worker.js'))
  cpSync(join(root, 'scripts/mutation/vitest.js'), join(sandbox, 'node_modules/vitest/index.js'))
}

/** @param {{ name: string, mutate: boolean, content: string }[]} sources */
function instrument(sources) {
  const silent = new Proxy({}, { get: (_, name) => (String(name).startsWith('is') ? () => false : () => {}) })
  const injector = {
    provideValue: () => injector,
    /** @param {new (logger: object) => unknown} Instrumenter */
    injectClass: Instrumenter => new Instrumenter(silent),
  }
  const instrumenter = createInstrumenter(/** @type {never} */ (injector))
  return instrumenter.instrument(sources, { plugins: null, excludedMutations: LEFT_OUT, ignorers: [] })
}

/**
 * @param {string} content
 * @param {{ location: { start: { line: number, column: number }, end: { line: number, column: number } }, replacement?: string }} mutant
 */
function change(content, { location: { start, end }, replacement = '' }) {
  const lines = content.split('\n').slice(start.line, end.line + 1)
  lines.push(/** @type {string} */ (lines.pop()).slice(0, start.line === end.line ? end.column : undefined))
  lines[0] = /** @type {string} */ (lines[0]).slice(start.column)
  return `\`${short(lines.join(' '))}\` → \`${short(replacement)}\``
}

/** @param {string} text */
function short(text) {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 90 ? `${line.slice(0, 88)} …` : line
}

/** @param {string} root @param {string} target @returns {string[]} */
function filesIn(root, target) {
  if (statSync(join(root, target)).isFile()) return [target]
  return readdirSync(join(root, target), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map(name => join(target, name))
}

/** @param {string} file */
function javascript(file) {
  return transpiled(readFileSync(file, 'utf8'))
}

/** @param {string} source */
function transpiled(source) {
  const { ScriptTarget, ModuleKind } = ts
  const compilerOptions = { target: ScriptTarget.ES2023, module: ModuleKind.ESNext, verbatimModuleSyntax: true }
  return ts.transpileModule(source, { compilerOptions }).outputText
}

/** @param {string} file @param {string} content */
function write(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
