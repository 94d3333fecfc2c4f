import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { loadConfig } from '../../src/config/load.ts'
import { listConfigGroups } from '../../src/config/options.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Environment variables that are no options. */
const OTHER_VARIABLES = new Set(['PUNKU_HOME', 'PUNKU_TEST_CHROMIUM', 'PUNKU_TEST_LLAMA_DIR', 'PUNKU_TEST_TOOLS'])

const PAGES = ['', 'docs', 'docs/decisions'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)
const pages = PAGES.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const groups = listConfigGroups()
const optionPaths = new Set(groups.flatMap(({ options }) => options.map(({ path }) => path)))
const program = await createProgram()
const optionVariables = new Set(groups.flatMap(({ options }) => options.flatMap(({ env }) => env ?? [])))

function codeSpans(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
}

function fences(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, body = '']) => body)
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** Every `punku …` that a page shows, in a code span or on a line of a shell block, as words without quotes. */
function shownCommands(text: string): string[][] {
  const lines = [...codeSpans(text), ...fences(text, 'sh').flatMap((body) => body.split('\n'))]
  return lines.flatMap((line) => {
    const match = /^(?:npx |\.\/)?punku(?= |$)(.*)/.exec(line.replace(/\s+#.*$/, '').trim())
    return match === null ? [] : [(match[1] ?? '').match(/'[^']*'|"[^"]*"|\S+/g) ?? []]
  })
}

/** What is wrong with a command line by the program's own commands and flags; `undefined`: nothing. */
function faultOf(words: readonly string[]): string | undefined {
  let command: Command = program
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    // What is behind is left out, or another program's.
    if (word === '…' || word === '--') return undefined
    if (word.startsWith('-')) {
      const flags = [...command.options, ...program.options]
      const flag = flags.find(({ long, short }) => word === long || word === short)
      if (flag === undefined && word !== '--help') return `${command.name()} has no ${word}`
      if (flag?.required !== true) continue
      const value = words[++at]
      if (value !== undefined && flag.argChoices?.includes(value) === false) return `${word} takes no ${value}`
    } else if (command.commands.length > 0) {
      const next = command.commands.find((sub) => sub.name() === word)
      if (next === undefined) return `${command.name()} has no command ${word}`
      command = next
    }
  }
  return undefined
}

/** The anchors GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test('there are pages with commands, links and options to check', () => {
  expect(pages.flatMap(({ text }) => shownCommands(text)).length).toBeGreaterThan(20)
  expect(faultOf(['keys', 'create', 'laptop', '--modles', 'x'])).toBe('create has no --modles')
  expect(faultOf(['--home', 'x', 'kees'])).toBe('punku has no command kees')
  expect(faultOf(['usage', '--by', 'colour'])).toBe('--by takes no colour')
})

describe.each(pages)('$path', ({ path, text }) => {
  test('shows only commands and flags that exist', () => {
    const faults = shownCommands(text).flatMap((words) => {
      const fault = faultOf(words)
      return fault === undefined ? [] : [`punku ${words.join(' ')}: ${fault}`]
    })
    expect(faults).toEqual([])
  })

  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = [...text.matchAll(/\bnpm run (?:-s )?([a-z]+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })

  test("runs its files by the project's own Node: the machine's may be an older one", () => {
    expect(text.match(/(?<![\w/.-])node (bench|examples|scripts|src|test)\/\S*/g) ?? []).toEqual([])
  })

  test('links only to files and headings that exist', () => {
    const links = [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? join(root, path) : join(root, dirname(path), file)
      if (!existsSync(target)) return true
      if (anchor === undefined || statSync(target).isDirectory()) return anchor !== undefined
      return !anchorsOf(readFileSync(target, 'utf8')).has(anchor)
    })
    expect(broken).toEqual([])
  })

  test('names only options that exist', () => {
    const names = groups.map(({ name }) => name).filter((name) => name !== '')
    const isOption = new RegExp(`^(${names.join('|')})(\\[\\])?\\.[A-Za-z]+$`)
    const spans = codeSpans(text).filter((span) => isOption.test(span))
    expect(spans.filter((span) => !optionPaths.has(span))).toEqual([])
    const variables = [...text.matchAll(/\bPUNKU_[A-Z_]*[A-Z]\b/g)].map(([name]) => name)
    expect(variables.filter((name) => !optionVariables.has(name) && !OTHER_VARIABLES.has(name))).toEqual([])
  })

  test('shows only configuration that loads', () => {
    for (const yaml of fences(text, 'yaml')) {
      const home = mkdtempSync(join(tmpdir(), 'punku-docs-'))
      try {
        const file = join(home, 'punku.yaml')
        writeFileSync(file, yaml)
        mkdirSync(join(home, 'secrets'))
        for (const [, secret = ''] of yaml.matchAll(/(?:clientSecret|url)File: (secrets\/[\w-]+(?:\.key)?)$/gm)) {
          // Good as a key and as the URL of a mail server.
          writeFileSync(join(home, secret), 'smtps://mail.example.org', { mode: 0o600 })
        }
        expect(loadConfig({ home, file, env: {}, flags: {} }).warnings).toEqual([])
      } finally {
        rmSync(home, { recursive: true })
      }
    }
  })
})

test('the picture refers to nothing outside itself and shows no key', () => {
  const picture = readFileSync(join(root, 'docs/terminal.svg'), 'utf8')
  expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/<script|<image|href|url\(|@import|w3\.org/i)
  expect(picture).toContain('punku serve')
  expect(picture).not.toMatch(/pk_[0-9a-z]{10}_[0-9a-z]/)
})
