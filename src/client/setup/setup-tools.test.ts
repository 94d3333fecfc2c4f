import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, win32 } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { ensureHome } from '../../config/home.ts'
import { systemClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { EditJournal } from '../edits/edit-journal.ts'
import type { FileEdit } from '../edits/file-edit.ts'
import { hasChanges, planEdits } from '../edits/plan-edits.ts'
import { CLIENT_TOOLS, clientTool } from '../tools/client-tool.ts'
import type { SetupPlaces, SetupTarget } from './setup-plan.ts'
import { REFUSED_TOOLS, SETUP_TOOLS, setupTool } from './setup-tools.ts'

const KEY = `pk_${'a'.repeat(10)}_${'b'.repeat(52)}`
const TARGET: SetupTarget = {
  url: 'https://gateway.test/base',
  key: new Secret(KEY),
  keyCommand: ['/opt/my punku/punku', 'key', 'print', '--profile', 'default'],
  model: 'hf.co/some/Model-GGUF:Q4_K_M',
  contextTokens: 65_536,
  maxOutputTokens: 8_192,
  caFile: undefined,
  isDefault: false,
  typed: (words) => `./punku ${words}`,
}

function places(given: Partial<SetupPlaces> = {}): SetupPlaces {
  const userHome = mkdtempSync(join(tmpdir(), 'punku-setup-'))
  onTestFinished(() => rmSync(userHome, { recursive: true, force: true }))
  const stateFolder = join(userHome, 'state')
  ensureHome(stateFolder)
  const env = { SHELL: '/bin/bash' }
  return { userHome, stateFolder, platform: 'linux', env, isThere: existsSync, ...given }
}

/** What a person may have there before. `undefined`: no file. */
const BEFORE: Readonly<Record<FileEdit['format'], Readonly<Record<string, string | undefined>>>> = {
  json: { absent: undefined, empty: '', bare: '{}', existing: '{\n\t"theme": "dark",\n\t"env": { "A": "1" }\n}' },
  jsonc: {
    absent: undefined,
    empty: '',
    existing: '{"theme":"dark"}\r\n',
    commented: '// mine\n{\n    "theme": "dark", // keep\n    /* "off": 1, */\n    "env": {"A": "1"},\n}\n',
  },
  yaml: {
    absent: undefined,
    empty: '',
    existing: 'dark-mode: true\n',
    commented: '# mine\n\nmodel: gpt # old\nvim: true',
  },
  toml: {
    absent: undefined,
    empty: '',
    existing: 'model = "gpt"\n',
    commented: '# mine\nmodel = "gpt" # old\n\n[model_providers.other]\nname = "x"\n\n[tui] # last\ntheme = "dark"\n',
  },
  block: { absent: undefined, empty: '', existing: 'alias l=ls\n', commented: '# mine\nalias l=ls' },
  whole: { absent: undefined },
}

const asDefault = (isDefault: boolean) => (isDefault ? ', as the default' : '')
const CASES = SETUP_TOOLS.flatMap((tool) => [false, true].map((isDefault) => ({ tool, isDefault }))).filter(
  ({ tool, isDefault }) => tool.plan({ ...TARGET, isDefault }, PLAIN()).edits.length > 0,
)

function PLAIN(): SetupPlaces {
  return { userHome: '/h', stateFolder: '/s', platform: 'linux', env: { SHELL: '/bin/bash' }, isThere: () => false }
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)

describe.each(CASES)('$tool.name', ({ tool, isDefault }) => {
  const states = [
    ...new Set(tool.plan({ ...TARGET, isDefault }, PLAIN()).edits.flatMap(({ format }) => Object.keys(BEFORE[format]))),
    // Where it is the default too, more is written into the same files.
  ].filter((_state, at, all) => !isDefault || at === all.length - 1)

  test.each(states)(
    `is set up, set up again, and taken back to the byte, from files that are %s${asDefault(isDefault)}`,
    async (state) => {
      const at = places()
      const { edits } = tool.plan({ ...TARGET, isDefault }, at)
      const before = new Map(edits.map(({ file, format }) => [file, BEFORE[format][state]]))
      for (const [file, text] of before) if (text !== undefined) put(file, text)
      for (const [file, text] of before) if (text !== undefined) chmodSync(file, 0o644)
      const journal = new EditJournal(at.stateFolder, systemClock)
      await journal.apply(tool.name, await planEdits(edits))

      for (const { file, format, hasKey } of edits) {
        const text = textOf(file) ?? ''
        // A key stands where it is said to, and there nobody else may read it.
        expect([file, text.includes(KEY), (statSync(file).mode & 0o077) === 0 || hasKey !== true]).toEqual([
          file,
          hasKey === true,
          true,
        ])
        if (format === 'json') expect(JSON.parse(text)).toBeTypeOf('object')
        if (format === 'yaml') expect(parse(text)).toBeTypeOf('object')
        const lines = (before.get(file) ?? '').split(/\r?\n/)
        for (const line of lines.filter((line) => /\/\/|#|\/\*/.test(line) && !/gpt/.test(line)))
          expect(text).toContain(line)
      }
      expect(await journal.drift(tool.name)).toEqual([])
      const again = await planEdits(tool.plan({ ...TARGET, isDefault }, at).edits)
      expect(hasChanges(again)).toBe(false)
      await journal.apply(tool.name, again)
      // Another model takes the place of ours, and what was before us is not forgotten.
      await journal.apply(tool.name, await planEdits(tool.plan({ ...TARGET, isDefault, model: 'other' }, at).edits))

      const report = await journal.undo(tool.name)
      expect(new Map(edits.map(({ file }) => [file, textOf(file)]))).toEqual(before)
      expect(new Set(report.files.map(({ outcome }) => outcome))).toEqual(
        new Set([...before.values()].map((text) => (text === undefined ? 'deleted' : 'restored'))),
      )
      expect(journal.owners()).toEqual([])
      for (const [file, text] of before) if (text !== undefined) expect(statSync(file).mode & 0o777).toBe(0o644)
    },
  )

  test(`is taken back without what a person changed by hand since${asDefault(isDefault)}`, async () => {
    const at = places()
    const { edits } = tool.plan({ ...TARGET, isDefault }, at)
    for (const { file, format } of edits) {
      const text = BEFORE[format]['existing']
      if (text !== undefined) put(file, text)
    }
    const journal = new EditJournal(at.stateFolder, systemClock)
    await journal.apply(tool.name, await planEdits(edits))
    for (const edit of edits) {
      if (edit.format === 'whole') writeFileSync(edit.file, `${edit.text}# by hand\n`)
      else if (edit.format === 'block') writeFileSync(edit.file, `${textOf(edit.file)}alias byhand=true\n`)
      else {
        const { file, format } = edit
        const change = { kind: 'set' as const, path: ['byhand'], value: true }
        for (const { after } of await planEdits([{ file, format, changes: [change] }])) writeFileSync(file, after)
      }
    }
    const { files } = await journal.undo(tool.name)
    for (const { file, format } of edits) {
      const text = textOf(file) ?? ''
      expect(text).toMatch(/by ?hand/)
      expect(files.find((undone) => undone.file === file)?.left).toEqual(format === 'whole' ? [[]] : [])
      if (format !== 'whole') expect(text).not.toMatch(/gateway\.test|my punku|GGUF|pk_/)
    }
  })
})

test('a file that the tool could not read is refused, and stays', async () => {
  const at = places()
  const file = join(at.userHome, '.claude', 'settings.json')
  for (const text of ['{\n  // mine\n}\n', '{"a": 1', '[]', '{"env": "x"}']) {
    put(file, text)
    await expect(planEdits(setupTool('claude')?.plan(TARGET, at).edits ?? [])).rejects.toThrow(/settings\.json/)
    expect(textOf(file)).toBe(text)
  }
})

test('no key is in what a person is told, in the code of a library, or in a file of a project', () => {
  for (const tool of SETUP_TOOLS) {
    for (const isDefault of [false, true]) {
      for (const platform of ['linux', 'darwin', 'win32'] as const) {
        const home = platform === 'win32' ? 'C:\\Users\\eve' : '/home/eve'
        const state = platform === 'win32' ? 'C:\\Users\\eve\\punku' : '/home/eve/punku'
        const at = { ...PLAIN(), userHome: home, stateFolder: state, platform }
        const { edits, notes, next, snippet } = tool.plan({ ...TARGET, isDefault, caFile: '/ca.pem' }, at)
        expect([tool.name, next.length > 0]).toEqual([tool.name, true])
        expect(JSON.stringify([notes, next, snippet])).not.toContain(KEY)
        for (const edit of edits) {
          expect(edit.file.startsWith(home)).toBe(true)
          expect(platform === 'win32' ? win32.normalize(edit.file) : edit.file).toBe(edit.file)
          expect([tool.name, JSON.stringify(edit).includes(KEY)]).toEqual([tool.name, edit.hasKey === true])
        }
      }
    }
  }
})

test('variables that name a folder are followed, and relative ones are not', () => {
  const fileOf = (name: string, env: Readonly<Record<string, string>>) =>
    setupTool(name)
      ?.plan(TARGET, { ...PLAIN(), env })
      .edits.at(-1)?.file
  expect(fileOf('claude', { CLAUDE_CONFIG_DIR: '/c' })).toBe('/c/settings.json')
  expect(fileOf('claude', { CLAUDE_CONFIG_DIR: 'c' })).toBe('/h/.claude/settings.json')
  expect(fileOf('codex', { CODEX_HOME: '/c' })).toBe('/c/punku.config.toml')
  expect(fileOf('opencode', { XDG_CONFIG_HOME: '/x' })).toBe('/x/opencode/opencode.json')
  expect(fileOf('shell', { SHELL: '/usr/bin/fish' })).toBe('/h/.config/fish/conf.d/punku.fish')
  expect(fileOf('shell', { SHELL: '/bin/zsh', ZDOTDIR: '/z' })).toBe('/z/.zshrc')
  expect(fileOf('shell', {})).toBe('/h/.profile')
  const commented = setupTool('opencode')?.plan(TARGET, { ...PLAIN(), isThere: (file) => file.endsWith('c') })
  expect(commented?.edits.at(-1)?.file).toBe('/h/.config/opencode/opencode.jsonc')
})

test('every tool that is known by name can be set up or is refused, once, under the same title', () => {
  const names = [...SETUP_TOOLS, ...REFUSED_TOOLS].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, title } of CLIENT_TOOLS) {
    expect([...SETUP_TOOLS, ...REFUSED_TOOLS].find((tool) => tool.name === name)?.title).toBe(title)
  }
  for (const { name, evidence, measuredVersion } of SETUP_TOOLS) {
    if (measuredVersion !== undefined) expect([name, evidence]).toEqual([name, 'measured'])
    if (clientTool(name) !== undefined && evidence === 'measured') expect(measuredVersion).toMatch(/^\d+\.\d+\.\d+$/)
  }
})

test.each(SETUP_TOOLS)('$name is told the context of its model where it has a place for it', (tool) => {
  const at = PLAIN()
  const texts = [TARGET, { ...TARGET, contextTokens: 40_000 }].map((target) => JSON.stringify(tool.plan(target, at)))
  expect(texts[0] === texts[1]).toBe(tool.lacksContext === true)
})
