import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A piece of code from a page or a docstring. */
export interface Block {
  readonly name: string
  readonly code: string
}

/** The blocks of a Markdown text in one language. */
export function blocksIn(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(match => match[1] ?? '')
}

/** The `@example`s of all docstrings below a folder. */
export async function examplesIn(folder: string): Promise<Block[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  const blocks: Block[] = []
  for (const name of names.filter(name => name.endsWith('.ts')).sort()) {
    const text = await readFile(join(root, folder, name), 'utf8')
    const docstrings = [...text.matchAll(/\/\*\*.*?\*\//gs)].map(match => match[0].replace(/^ *\* ?/gm, ''))
    const found = docstrings
      .flatMap(docstring => docstring.split('@example').slice(1))
      .flatMap(of => blocksIn(of, 'ts'))
    blocks.push(
      ...found.map((code, at) => ({ name: `${folder}/${name}${found.length > 1 ? ` ${at + 1}` : ''}`, code })),
    )
  }
  return blocks
}

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly code: unknown
}

/** A project of its own in which the built package is installed, and all blocks are compiled. */
export class Sandbox {
  readonly directory: string
  readonly #blocks: readonly Block[]

  private constructor(directory: string, blocks: readonly Block[]) {
    this.directory = directory
    this.#blocks = blocks
  }

  /** `modules`: by name, what every block can import. */
  static async compile(blocks: readonly Block[], modules: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), 'queuelink-blocks-')), blocks)
    const at = (...names: string[]): string => join(sandbox.directory, ...names)
    await mkdir(at('node_modules', '@types'), { recursive: true })
    await symlink(root, at('node_modules', 'queuelink'), 'junction')
    for (const name of ['rxjs', 'vitest', '@types/node']) {
      await symlink(join(root, 'node_modules', name), at('node_modules', name), 'junction')
    }
    await writeFile(at('package.json'), '{ "type": "module" }')
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      skipLibCheck: true,
      noEmitOnError: true,
      rootDir: '.',
    }
    await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/*.ts'] }))
    await writeFile(at('vitest.config.js'), `export default { test: { include: ['*/block.js'] } }`)
    for (const [number, { code }] of blocks.entries()) {
      await mkdir(at(`${number}`))
      for (const [name, text] of Object.entries({ ...modules, 'block.ts': code })) {
        await writeFile(at(`${number}`, name), text)
      }
    }
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
    const { code, stdout } = await run(process.execPath, [join(typescript, 'bin/tsc'), '-p', '.'], sandbox.directory)
    if (code === 0) return sandbox
    await sandbox.remove()
    throw new Error(stdout.replace(/^(\d+)\/block\.ts/gm, (_, number) => blocks[Number(number)]?.name ?? number))
  }

  /** Each block has a directory for itself. One that describes tests is run by the test framework. */
  run(number: number): Promise<Ran> {
    if (this.#blocks[number]?.code.includes(`from 'vitest'`)) {
      const args = ['node_modules/vitest/vitest.mjs', 'run', '--root', '.', `${number}/block.js`]
      return run(process.execPath, args, this.directory)
    }
    return run(process.execPath, ['block.js'], join(this.directory, `${number}`))
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }
}

export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env = process.env,
  timeout = 25_000,
): Promise<Ran> {
  return new Promise(resolve => {
    execFile(command, args, { cwd, env, timeout, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error ? (error.code ?? error.signal) : 0 }),
    )
  })
}

/** What the comments behind `console.log` promise, as words: commas and line ends do not count. */
export function promisedBy(code: string): string[] {
  return words([...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(match => match[1]).join(' '))
}

export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(word => word !== '')
}
