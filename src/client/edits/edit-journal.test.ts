import fs, {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { ensureHome } from '../../config/home.ts'
import { systemClock } from '../../core/clock.ts'
import { EditJournal } from './edit-journal.ts'
import type { DocumentChange, FileEdit } from './file-edit.ts'
import { hasChanges, planEdits } from './plan-edits.ts'

const set = (path: string, value: string): DocumentChange => ({ kind: 'set', path: path.split('.'), value })

function newPlace() {
  const root = mkdtempSync(join(tmpdir(), 'punku-edits-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const home = join(root, 'home')
  ensureHome(home)
  const journal = new EditJournal(home, systemClock)
  const file = (name: string, text?: string | Buffer) => {
    if (text !== undefined) writeFileSync(join(root, name), text)
    return join(root, name)
  }
  const apply = async (...edits: FileEdit[]) => {
    const planned = await planEdits(edits)
    await journal.apply('tool', planned)
    return planned
  }
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  return { root, home, journal, file, apply, read }
}

/** The edits that a tool of each format would ask for, and a person's file, with what a person adds to it later. */
const KINDS = {
  json: {
    edit: (file: string, key: string): FileEdit => ({
      file,
      format: 'json',
      hasKey: true,
      changes: [
        set('env.KEY', key),
        set('model', 'm'),
        { kind: 'item', path: ['list'], by: 'id', item: { id: 'p', key } },
      ],
    }),
    text: '\uFEFF{\r\n\t"theme": "dark",\r\n\t"model": "old",\r\n\t"list": [{ "id": "mine" }]\r\n}',
    later: (text: string) => text.replace('"dark"', '"light"'),
  },
  jsonc: {
    edit: (file: string, key: string): FileEdit => ({
      file,
      format: 'jsonc',
      changes: [{ kind: 'set', path: ['provider', 'punku'], value: { options: { key }, models: { m: {} } } }],
    }),
    text: '// mine\n{\n    "a": 1, // one\n    /* more\n       lines */\n    "provider": { "other": {} }, // last\n}\n',
    later: (text: string) => text.replace('// one', '// the one'),
  },
  yaml: {
    edit: (file: string, key: string): FileEdit => ({
      file,
      format: 'yaml',
      changes: [
        set('model', 'm'),
        { kind: 'item', path: ['models'], by: 'name', item: { name: 'Punku', key, roles: ['chat'] } },
      ],
    }),
    text: "# mine\nname: 'x'   # kept\nmodel: old # why\nmodels:\n- name: a   # first\n  url:   http://a\n\n# tail\n",
    later: (text: string) => text.replace('# kept', '# kept still'),
  },
  toml: {
    edit: (file: string, key: string): FileEdit => ({
      file,
      format: 'toml',
      changes: [set('model', 'm'), { kind: 'set', path: ['model_providers', 'punku'], value: { name: 'Punku', key } }],
    }),
    text: '# mine\nmodel   =  "old" # why\n\n[model_providers.other]\nname = \'o\'\n\n# tail\n[z] # last\na=[1,\n 2]',
    later: (text: string) => text.replace('# tail', '# the tail'),
  },
  block: {
    edit: (file: string, key: string): FileEdit => ({ file, format: 'block', text: `export KEY=${key}\n` }),
    text: 'alias a=b\n\n# end without a line end',
    later: (text: string) => text.replace('alias a=b', 'alias a=c'),
  },
} as const
const kinds = Object.entries(KINDS)

test.each(kinds)(
  '%s: applied, applied again, with another key, and taken back byte for byte',
  async (_, { edit, text }) => {
    const { journal, file, apply, read, home } = newPlace()
    const path = file('settings', text)
    chmodSync(path, 0o644)
    await apply(edit(path, 'pk_one_secret'))
    const once = read('settings')
    expect(once).toContain('pk_one_secret')
    expect(hasChanges(await apply(edit(path, 'pk_one_secret')))).toBe(false)
    expect(read('settings')).toBe(once)
    expect(await journal.drift('tool')).toEqual([])
    await apply(edit(path, 'pk_two_secret'))
    expect(read('settings')).toBe(once.replaceAll('pk_one_secret', 'pk_two_secret'))
    expect(statSync(path).mode & 0o777).toBe('hasKey' in edit(path, '') ? 0o600 : 0o644)
    expect(journal.owners()).toEqual(['tool'])
    expect(await journal.undo('tool')).toEqual({
      owner: 'tool',
      files: [{ file: path, outcome: 'restored', left: [] }],
    })
    expect(read('settings')).toBe(text)
    expect(statSync(path).mode & 0o777).toBe(0o644)
    expect(journal.owners()).toEqual([])
    expect(readdirSync(join(home, 'setup'))).toEqual([])
    expect(await journal.undo('tool')).toEqual({ owner: 'tool', files: [] })
  },
)

test.each(kinds)(
  '%s: changed by hand in between, only our places go, and what is ours no more stays',
  async (name, { edit, text, later }) => {
    const { journal, file, apply, read } = newPlace()
    const path = file('settings', text)
    await apply(edit(path, 'pk_one_secret'))
    writeFileSync(path, later(read('settings')))
    await apply(edit(path, 'pk_two_secret'))
    writeFileSync(path, `${read('settings')}\n`)
    const { files } = await journal.undo('tool')
    expect(files).toMatchObject([{ outcome: 'edited', left: [] }])
    const spread = name === 'json' || name === 'jsonc' ? /\s+/g : /\n+/g
    expect(read('settings').replace(spread, '\n')).toBe(`${later(text)}\n`.replace(spread, '\n'))

    const other = file('other', text)
    await apply(edit(other, 'pk_one_secret'))
    writeFileSync(other, read('other').replace('pk_one_secret', 'theirs'))
    const [drifted] = await journal.drift('tool')
    expect(drifted).toMatchObject({ file: other, now: 'changed' })
    const report = await journal.undo('tool')
    expect(report.files[0]?.left).toEqual([drifted?.path])
    expect(read('other')).toContain('theirs')
  },
)

test.each(kinds)(
  '%s: a file that was not there is gone again, with its folders; an empty one is empty again',
  async (_, { edit }) => {
    const { root, journal, file, apply, read } = newPlace()
    const path = join(root, 'a', 'b', 'settings')
    await apply(edit(path, 'pk_one_secret'), edit(file('empty', ''), 'pk_one_secret'))
    const written = readFileSync(path, 'utf8')
    expect(written.endsWith('\n')).toBe(true)
    expect(read('empty')).toBe(written)
    // Somebody's blank lines are no reason to leave an empty shell of a document behind.
    writeFileSync(path, `${written}\n\n`)
    expect((await journal.undo('tool')).files.map(({ outcome }) => outcome)).toEqual(['deleted', 'restored'])
    expect(existsSync(join(root, 'a'))).toBe(false)
    expect(read('empty')).toBe('')
  },
)

test('a file of ours: refused where one is that is not as we wrote it, left where somebody changed it', async () => {
  const { journal, file, apply, read } = newPlace()
  const path = file('own')
  await apply({ file: path, format: 'whole', text: 'one', hasKey: true })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await apply({ file: path, format: 'whole', text: 'two', hasKey: true })
  writeFileSync(path, 'theirs')
  const planned = await planEdits([{ file: path, format: 'whole', text: 'three' }])
  await expect(journal.check('tool', planned)).rejects.toThrow(/own is there already.*Move it away/)
  await expect(journal.apply('tool', planned)).rejects.toThrow(/own is there already/)
  expect(await journal.drift('tool')).toEqual([{ file: path, path: [], now: 'changed' }])
  expect((await journal.undo('tool')).files).toEqual([{ file: path, outcome: 'unchanged', left: [[]] }])
  expect(read('own')).toBe('theirs')
  rmSync(path)
  await apply({ file: path, format: 'whole', text: 'four' })
  expect((await journal.undo('tool')).files[0]?.outcome).toBe('deleted')
})

test('what a killed set-up left in the folder is gone with the next', async () => {
  const { home, journal, file, apply } = newPlace()
  const config = file('config.json', '{}')
  await apply({ file: config, format: 'json', changes: [{ kind: 'set', path: ['a'], value: 1 }] })
  const folder = join(home, 'setup')
  const before = readdirSync(folder)
  for (const name of ['.tool.json.0123456789ab', '.lock.0123456789ab', `killed.${'0'.repeat(16)}.old`])
    writeFileSync(join(folder, name), 'sk-foreign')
  await apply({ file: config, format: 'json', changes: [{ kind: 'set', path: ['a'], value: 2 }] })
  expect(readdirSync(folder).toSorted()).toEqual(before.toSorted())
  expect((await journal.undo('tool')).files).toMatchObject([{ outcome: 'restored' }])
})

test('a file of ours stays for as long as what is left of another one may read it', async () => {
  const { journal, file, apply, read } = newPlace()
  const [own, config] = [file('own'), file('config.json')]
  await apply(
    { file: own, format: 'whole', text: 'key', hasKey: true },
    { file: config, format: 'json', changes: [{ kind: 'set', path: ['tool'], value: { key: own } }] },
  )
  writeFileSync(config, read('config.json').replace('{\n    "key"', '{\n    "theirs": 1,\n    "key"'))
  const { files } = await journal.undo('tool')
  expect(files).toEqual([
    { file: own, outcome: 'kept', left: [] },
    { file: config, outcome: 'unchanged', left: [['tool']] },
  ])
  expect([read('own'), journal.owners()]).toEqual(['key', ['tool']])
  expect((await journal.undo('tool')).files).toEqual([{ file: own, outcome: 'deleted', left: [] }])
})

test('a link stays, and what it leads to is written; what cannot be read later stays set up', async () => {
  const { root, journal, file, apply, read } = newPlace()
  const path = join(root, 'link.json')
  mkdirSync(join(root, 'dotfiles'))
  file('dotfiles/real.json', '{"a": 1}\n')
  symlinkSync('dotfiles/real.json', path)
  await apply({ file: path, format: 'json', changes: [set('model', 'm')] })
  expect(read('dotfiles/real.json')).toBe('{"a": 1, "model": "m"}\n')
  writeFileSync(path, '{"a": ')
  expect(await journal.drift('tool')).toEqual([{ file: path, path: [], now: 'unreadable' }])
  expect((await journal.undo('tool')).files).toMatchObject([
    { outcome: 'refused', why: expect.stringMatching(/link.json:1:/) },
  ])
  expect(journal.owners()).toEqual(['tool'])
  writeFileSync(path, '{"model": "m", "b": 2}\n')
  expect((await journal.undo('tool')).files).toMatchObject([{ outcome: 'edited' }])
  expect(read('dotfiles/real.json')).toBe('{"b": 2}\n')
  expect(readlinkSync(path)).toBe('dotfiles/real.json')
})

test('two set-ups of one file are taken back in any order', async () => {
  const { journal, file, read } = newPlace()
  const text = '{\n  "a": 1 // mine\n}\n'
  const path = file('shared', text)
  const apply = async (owner: string) =>
    await journal.apply(owner, await planEdits([{ file: path, format: 'jsonc', changes: [set(owner, 'x')] }]))
  for (const order of [
    ['one', 'two'],
    ['two', 'one'],
  ]) {
    await apply('one')
    await apply('two')
    expect(journal.owners()).toEqual(['one', 'two'])
    for (const owner of order) expect((await journal.undo(owner)).files).toMatchObject([{ left: [] }])
    expect(read('shared')).toBe(text)
  }
})

test('a file that changed after it was planned with, and a second set-up at once, are refused', async () => {
  const { home, journal, file, read } = newPlace()
  const path = file('a.json', '{}')
  const planned = await planEdits([{ file: path, format: 'json', changes: [set('a', 'b')] }])
  writeFileSync(path, '{ }')
  await expect(journal.apply('tool', planned)).rejects.toThrow(/a.json was changed by somebody else/)
  expect(read('a.json')).toBe('{ }')
  const lock = join(home, 'setup', 'lock')
  const again = await planEdits([{ file: path, format: 'json', changes: [set('a', 'b')] }])
  writeFileSync(lock, JSON.stringify({ pid: process.pid, at: Date.now() }), { mode: 0o600 })
  await expect(journal.apply('tool', again)).rejects.toThrow(/Another set-up/)
  await expect(journal.undo('tool')).rejects.toThrow(/Another set-up/)
  writeFileSync(lock, JSON.stringify({ pid: process.pid, at: Date.now() - 3_600_000 }), { mode: 0o600 })
  await journal.apply('tool', again)
  expect(read('a.json')).not.toBe('{ }')
  expect(existsSync(lock)).toBe(false)
})

/** Before the nth rename it dies: every step that lasts is a rename. `false` where it needed fewer. */
async function dyingAt(step: number, run: () => Promise<unknown>): Promise<boolean> {
  const { renameSync } = fs
  let count = 0
  fs.renameSync = (from, to) => {
    // The lock is let go of by the death of its process.
    if (!/setup.lock/.test(`${from} ${to}`) && ++count >= step) throw new Error('died')
    renameSync(from, to)
  }
  syncBuiltinESMExports()
  try {
    await run()
    return false
  } catch (error) {
    if (count < step) throw error
    return true
  } finally {
    fs.renameSync = renameSync
    syncBuiltinESMExports()
  }
}

test.each([
  ['for the first time', ''],
  ['with another key', 'pk_one_secret'],
])('died at any step, %s: it is taken back whole, or applied whole', async (_, first) => {
  const place = newPlace()
  const all = [KINDS.json, KINDS.block].map(({ text, edit }) => ({
    text,
    edit: (key: string) => edit(join(place.root, `of-${edit('', '').format}`), key),
  }))
  const paths = all.map(({ edit }) => edit('').file)
  const fresh = join(place.root, 'made', 'own')
  const edits = (key: string): FileEdit[] => [
    ...all.map(({ edit }) => edit(key)),
    { file: fresh, format: 'whole', text: key },
  ]
  const texts = () => paths.map((path) => readFileSync(path, 'utf8'))
  const deaths: string[] = []
  for (const end of ['undo', 'apply', 'undo after a change', 'undo that dies']) {
    for (let step = 1, isDead = true; isDead; step++) {
      for (const { edit, text } of all) writeFileSync(edit('').file, text)
      if (first !== '') await place.apply(...edits(first))
      isDead = await dyingAt(step, async () => await place.apply(...edits('pk_two_secret')))
      if (isDead) deaths.push(`${end} ${step}`)
      if (end === 'apply') {
        await place.apply(...edits('pk_two_secret'))
        expect(texts().every((text) => text.includes('pk_two_secret') && !text.includes('pk_one'))).toBe(true)
        expect(await place.journal.drift('tool')).toEqual([])
      }
      if (end === 'undo after a change') for (const path of paths) appendFileSync(path, '\n')
      if (end === 'undo that dies') await dyingAt((step % 3) + 1, async () => await place.journal.undo('tool'))
      await place.journal.undo('tool')
      if (end === 'undo after a change') expect(texts().filter((text) => text.includes('pk_'))).toEqual([])
      else expect(texts()).toEqual(all.map(({ text }) => text))
      expect(existsSync(join(place.root, 'made'))).toBe(false)
      expect(readdirSync(join(place.home, 'setup'))).toEqual([])
    }
  }
  // Two old texts, the record, three files, and the record again.
  expect(deaths.length).toBe(4 * 7)
})

test('whatever a file holds, taken back it is what it was, or it is refused and not touched', async () => {
  const { journal, file, apply, read } = newPlace()
  const piece = fc.constantFrom(
    'a',
    ': ',
    '=',
    '{',
    '}',
    '[',
    ']',
    '"',
    '\n',
    '\r\n',
    '  ',
    '\t',
    '# c',
    '// c',
    ',',
    '- ',
    '1',
    '\uFEFF',
    '# >>> punku >>>\n',
    '|\n',
    '...',
  )
  let changed = 0
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.constantFrom(...kinds), async (pieces, [, { edit }]) => {
      const text = pieces.join('')
      const path = file('any', text)
      try {
        await apply(edit(path, 'pk_one_secret'))
        changed++
      } catch (error) {
        expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/Nothing was changed/) })
        expect(read('any')).toBe(text)
      }
      await journal.undo('tool')
      expect(read('any')).toBe(text)
    }),
    { numRuns: 60 },
  )
  expect(changed).toBeGreaterThan(10)
})
