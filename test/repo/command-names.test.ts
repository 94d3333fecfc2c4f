import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** Parts whose texts are read on the machine where they are made: `ownCommand` knows how a command is typed there. */
const READ_HERE = /^(cli|client|agent|config|system)\//
/** What begins as a command does and is none: labels of derived keys, and the name of the program that `version` shows. */
const NO_COMMAND = /^punku ([a-z -]+ \d|\$\{versions\.punku\} .*)$/
/** The option docs are read in a browser; an older Node could not read the file that names commands. */
const EXEMPT: ReadonlySet<string> = new Set(['config/docs.ts', 'cli/node-version.ts'])

/** The texts of a source: its string literals and templates, without comments. */
function textsOf(source: string): string[] {
  const tokens = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g
  return [...source.matchAll(tokens)].map(([, single, double, template]) => single ?? double ?? template ?? '')
}

/** The commands in a text by the program's plain name, each with whether it stands between backticks. */
function plainCommandsIn(text: string): { readonly command: string; readonly isQuoted: boolean }[] {
  return [...text.matchAll(/(\\?`)?(?<![\w./-])punku [a-z$]\S*/g)].map(([command, quote]) => ({
    command,
    isQuoted: quote !== undefined,
  }))
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !EXEMPT.has(path))
const found = files.flatMap((path) =>
  textsOf(readFileSync(src + path, 'utf8'))
    .filter((text) => !NO_COMMAND.test(text))
    .flatMap(plainCommandsIn)
    .map((one) => ({ path, ...one })),
)
const named = (all: typeof found) => all.map(({ path, command }) => `${path}: ${command}`)

test('texts of a gateway name commands between backticks, where the command line finds them', () => {
  expect(found.length).toBeGreaterThan(10)
  expect(named(found.filter(({ isQuoted }) => !isQuoted))).toEqual([])
})

test('no text that is read where it is made names a command by the plain name of the program', () => {
  expect(named(found.filter(({ path }) => READ_HERE.test(path)))).toEqual([])
})

test('a command is found in each kind of text', () => {
  const source =
    "a('run punku keys'); b(\"punku pair URL\"); c(`x \\`punku status\\``) // punku connect\n/* 'punku x' */"
  expect(textsOf(source).flatMap(plainCommandsIn)).toEqual([
    { command: 'punku keys', isQuoted: false },
    { command: 'punku pair', isQuoted: false },
    { command: '\\`punku status\\`', isQuoted: true },
  ])
})
