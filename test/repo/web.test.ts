import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const STYLES = 'web/src/styles.css'
/** Of all that is outside `web/`, the only code that a browser gets: it calls the control API, and reads answers and names. */
const SHARED = /^src\/(contract\/(client|control-error|operation-table)|formats\/.*|dialects\/model-(glob|name))\.ts$/
const MANTINE_STYLES = 'node_modules/@mantine/core/styles'

interface SourceFile {
  /** From the project's root: `web/src/api.ts`. */
  readonly path: string
  readonly text: string
}

const sources: readonly SourceFile[] = readdirSync(join(root, 'web/src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ path: `web/src/${name}`, text: readFileSync(join(root, 'web/src', name), 'utf8') }))

/** Each import of a file: its first words, what it takes, and from where. */
function importsOf({
  text,
}: SourceFile): { readonly isType: boolean; readonly names: string; readonly from: string }[] {
  return [...text.matchAll(/^import (type )?([^'"]*?)(?: from )?['"]([^'"]+)['"]/gm)].map(
    ([, type, names = '', from = '']) => ({ isType: type !== undefined, names, from }),
  )
}

describe('the dashboard', () => {
  test('takes types of the contract and its client, code of the formats, the reading of model names, and nothing else of the server', () => {
    const faults = sources.flatMap((source) =>
      importsOf(source)
        .filter(({ from }) => from.startsWith('.'))
        .map(({ isType, from }) => ({ isType, target: posix.join(posix.dirname(source.path), from) }))
        .filter(({ target }) => target.startsWith('src/') && !source.path.endsWith('.test.ts'))
        .filter(
          ({ isType, target }) => !SHARED.test(target) && !(isType && /^src\/contract\/[a-z-]+\.ts$/.test(target)),
        )
        .map(({ target }) => `${source.path} imports ${target}`),
    )
    expect(sources.length).toBeGreaterThan(40)
    expect(faults).toEqual([])
  })

  test('has the styles of every component that it uses', () => {
    const listed = readFileSync(join(root, STYLES), 'utf8')
    const used = new Set(
      sources.flatMap((source) =>
        importsOf(source)
          .filter(({ from }) => from === '@mantine/core')
          .flatMap(({ names }) => [...names.matchAll(/\b[A-Z]\w+/g)].map(([name]) => name)),
      ),
    )
    const missing = [...used].filter(
      (name) => existsSync(join(root, MANTINE_STYLES, `${name}.css`)) && !listed.includes(`/${name}.layer.css`),
    )
    expect(used).toContain('Button')
    expect(missing).toEqual([])
  })

  test('sets no markup that it did not make', () => {
    const faults = sources.filter(({ text }) => /dangerouslySetInnerHTML|\binnerHTML\b|\bdocument\.write\b/.test(text))
    expect(faults.map(({ path }) => path)).toEqual([])
  })
})
