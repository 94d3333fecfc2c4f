import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const MAX_LINES = 400
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/
const VAGUE_FOLDERS = /\/(utils?|helpers?|common|shared|misc|lib|services?|managers?)\//

interface SourceFile {
  /** From the project's root: `src/core/clock.ts`. */
  readonly path: string
  readonly text: string
}

const sources: readonly SourceFile[] = readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `src/${posix.join(entry.parentPath.slice(`${root}src`.length), entry.name).replace(/^\//, '')}`)
  .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }))
const product = sources.filter(({ path }) => !path.endsWith('.test.ts'))
const paths = new Set(sources.map(({ path }) => path))

const table = readTable(readFileSync(`${root}docs/architecture.md`, 'utf8'))

interface Allowed {
  /** Every folder it may import. */
  readonly all: ReadonlySet<string>
  /** Those of them that it may only load while it runs. */
  readonly lazy: ReadonlySet<string>
}

/** Folder → the folders it may import, from the table of docs/architecture.md. */
function readTable(page: string): ReadonlyMap<string, Allowed> {
  const markdown = page.slice(page.indexOf('## Parts'), page.indexOf("## A request's life"))
  const rows = [...markdown.matchAll(/^\| `([a-z0-9/-]+)` +\|.*\| ([^|]+?) +\|$/gm)].map(
    ([, folder = '', list = '']) => ({
      folder,
      list,
    }),
  )
  const folders = rows.map(({ folder }) => folder)
  const namesOf = (list: string) => list.split(', ').filter((name) => name !== '–' && name !== '')
  return new Map(
    rows.map(({ folder, list }) => {
      const [direct = '', lazily = ''] = list.split('; lazily ')
      const [, allBut, but = ''] = /^(all but) (.+)$/.exec(direct) ?? []
      const lazy = new Set(namesOf(lazily))
      const named =
        allBut === undefined
          ? namesOf(direct)
          : folders.filter((name) => name !== folder && !namesOf(but).includes(name))
      return [folder, { all: new Set([...named, ...lazy]), lazy }]
    }),
  )
}

/** Every module that a file names: in `import … from`, `export … from`, bare imports, `import()` and types of that form. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\b\s*\(?\s*['"]([^'"\n]+)['"]/g)].map(([, name = '']) => name)
}

/** The modules that are loaded with a file: those of its `import` and `export … from` that are more than types. */
function eagerImportsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b(?!\s+type\b)(?:[^'"();=]*\bfrom\b)?\s*['"]([^'"\n]+)['"]/gm)].map(
    ([, name = '']) => name,
  )
}

/** The relative imports of a file as paths from the root. */
function targetsOf({ path, text }: SourceFile): string[] {
  return importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name))
}

/** The part a file belongs to: its folder under `src`, and in a gateway the one below that. */
function folderOf(path: string): string {
  const [, folder = '', inner = ''] = path.split('/')
  return folder === 'gateway' ? `${folder}/${inner}` : folder
}

describe('the reading of imports', () => {
  test.each([
    ["import { a } from './a.ts'", './a.ts'],
    ["import type { A } from '../x/a.ts'", '../x/a.ts'],
    ["import {\n  a,\n  type B,\n} from '../x/a.ts'", '../x/a.ts'],
    ["export * from '../x/a.ts'", '../x/a.ts'],
    ["import '../x/a.ts'", '../x/a.ts'],
    ['const a = await import("../x/a.ts")', '../x/a.ts'],
    ["type A = import('../x/a.ts').A", '../x/a.ts'],
  ])('%j', (text, name) => expect(importsOf(text)).toEqual([name]))
})

describe('the reading of what is loaded with a file', () => {
  test.each<[text: string, names: string[]]>([
    ["import { a } from './a.ts'", ['./a.ts']],
    ["import {\n  a,\n  type B,\n} from '../x/a.ts'", ['../x/a.ts']],
    ["export * from '../x/a.ts'", ['../x/a.ts']],
    ["import '../x/a.ts'", ['../x/a.ts']],
    ["import type { A } from '../x/a.ts'", []],
    ['const a = await import("../x/a.ts")', []],
    ["type A = import('../x/a.ts').A", []],
  ])('%j', (text, names) => expect(eagerImportsOf(text)).toEqual(names))
})

describe('folders', () => {
  test('the table of docs/architecture.md and src/ have the same ones', () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path)))
    expect([...folders].sort()).toEqual([...table.keys()].sort())
  })

  test('the table names only folders that are there', () => {
    const unknown = [...table].flatMap(([folder, allowed]) =>
      [...allowed.all].filter((name) => !table.has(name) || name === folder),
    )
    expect(unknown).toEqual([])
  })

  test('imports stay within the table', () => {
    const strays = product.flatMap((file) =>
      targetsOf(file)
        .filter((target) => {
          const [from, to] = [folderOf(file.path), folderOf(target)]
          return !target.startsWith('src/') || (from !== to && table.get(from)?.all.has(to) !== true)
        })
        .map((target) => `${file.path} imports ${target}`),
    )
    expect(strays).toEqual([])
  })

  test('what the table allows lazily is imported by import() and import type alone', () => {
    const strays = product.flatMap((file) =>
      eagerImportsOf(file.text)
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.join(posix.dirname(file.path), name))
        .filter((target) => table.get(folderOf(file.path))?.lazy.has(folderOf(target)))
        .map((target) => `${file.path} imports ${target}`),
    )
    expect([...table.values()].flatMap(({ lazy }) => [...lazy])).not.toEqual([])
    expect(strays).toEqual([])
  })

  test('the table allows no more than the code uses', () => {
    const used = new Set(
      product.flatMap((file) => targetsOf(file).map((target) => `${folderOf(file.path)} → ${folderOf(target)}`)),
    )
    const allowed = [...table]
      .filter(([folder]) => folder !== 'gateway/serve')
      .flatMap(([from, { all }]) => [...all].map((to) => `${from} → ${to}`))
    expect(allowed.filter((pair) => !used.has(pair))).toEqual([])
  })

  test('imports name files that are there, and none is put together at run time', () => {
    const missing = sources.flatMap((file) =>
      targetsOf(file)
        .filter((target) => target.startsWith('src/') && !paths.has(target))
        .map((target) => `${file.path} imports ${target}`),
    )
    expect(missing).toEqual([])
    const computed = product.filter(({ text }) => /\bimport\(\s*[^'"\s]/.test(text) || /\brequire\(/.test(text))
    expect(computed.map(({ path }) => path)).toEqual([])
  })

  test('the operations of the contract need nothing but their own folder: a web page may have their types', () => {
    const contract = product.filter(({ path }) => folderOf(path) === 'contract')
    expect(contract.map(({ path }) => path)).toContain('src/contract/operations.ts')
    const packages = contract.flatMap(({ text }) => importsOf(text).filter((name) => !name.startsWith('.')))
    expect(new Set(packages.filter((name) => name !== 'zod'))).toEqual(new Set(['@hono/zod-openapi']))
  })
})

describe('formats', () => {
  const formats = product.filter(({ path }) => folderOf(path) === 'formats')

  test('know no Node API, and of all else types only: a web page runs their code', () => {
    expect(formats.length).toBeGreaterThan(10)
    const faults = formats.flatMap(({ path, text }) => {
      const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
      const outside = [...code.matchAll(/^import (?!type )[^']*'((?!\.)[^']+|[^']*\/core\/[^']+)'/gm)]
        .map(([, name]) => name)
        // What a request cannot be read for is refused by those who read it; the file is types and a table.
        .filter((name) => !(path.includes('/conversation/') && name?.endsWith('/core/error.ts')))
      const words = code.match(/\b(?:Buffer|process|require|setImmediate|__dirname)\b|['"]node:/g) ?? []
      return [...outside, ...words].map((fault) => `${path}: ${fault}`)
    })
    expect(faults).toEqual([])
  })

  test('the client of the contract takes types and its table: whoever calls an operation loads no schema', () => {
    const codeOf = (name: string) => {
      const text = readFileSync(`${root}src/contract/${name}`, 'utf8')
      return [...text.matchAll(/^(?:import|export)(?! type\b)[^'"\n]*(?:\{[^}]*\})?[^'"\n]*from '([^']+)'/gm)].map(
        ([, from]) => from,
      )
    }
    expect(codeOf('client.ts')).toEqual(['./control-error.ts', './operation-table.ts'])
    expect([...codeOf('control-error.ts'), ...codeOf('operation-table.ts')]).toEqual([])
  })
})

describe('files', () => {
  const pathsWhere = (isSo: (file: SourceFile) => boolean, files = sources) =>
    files.filter(isSo).map(({ path }) => path)

  test('have names in kebab-case, in folders with such names', () => {
    expect(
      pathsWhere(({ path }) => {
        const parts = path.replace(/(\.test)?\.ts$/, '').split('/')
        return !path.endsWith('.ts') || !parts.every((part) => KEBAB_CASE.test(part))
      }),
    ).toEqual([])
  })

  test('are never an index, and lie in no folder that could hold anything', () => {
    expect(pathsWhere(({ path }) => path.endsWith('/index.ts') || VAGUE_FOLDERS.test(path))).toEqual([])
  })

  test('export by name', () => {
    expect(pathsWhere(({ text }) => /^export default\b|^export \{[^}]*\bas default\b/m.test(text))).toEqual([])
  })

  test(`have at most ${MAX_LINES} lines`, () => {
    const byHand = product.filter(({ text }) => !text.startsWith('// Written by `npm run docs`'))
    expect(pathsWhere(({ text }) => text.split('\n').length - 1 > MAX_LINES, byHand)).toEqual([])
  })
})

describe('the dashboard', () => {
  const pages = readdirSync(`${root}web/src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.tsx?$/.test(entry.name))
    .map((entry) => posix.join(entry.parentPath.slice(root.length), entry.name))
    .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }))

  test('has nothing of the server but the types of its contract, the client of it, the formats, and model names', () => {
    expect(pages.length).toBeGreaterThan(20)
    for (const { path, text } of pages) {
      for (const [line] of text.matchAll(/^.*from '[^']*\/src\/[^']*'$/gm)) {
        if (/ from '(\.\.\/)+src\/(formats\/[a-z/-]+|dialects\/model-(glob|name))\.ts'$/.test(line)) continue
        expect(line, path).toMatch(/^(import|\}).* from '(\.\.\/)+src\/contract\/[a-z-]+\.ts'$/)
        if (line.startsWith('import'))
          expect(line, path).toMatch(/^import type |\/(client|control-error|operation-table)\.ts'$/)
      }
    }
  })
})
