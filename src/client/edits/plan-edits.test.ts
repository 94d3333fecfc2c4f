import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { FileEdit } from './file-edit.ts'
import { hasChanges, type PlannedEdit, planEdits } from './plan-edits.ts'
import { renderDiff } from './render-diff.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-plan-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const edit = (file: string, name = 'a', value = 'x'): FileEdit => ({
  file,
  format: 'json',
  changes: [{ kind: 'set', path: [name], value }],
})

test.skipIf(process.platform === 'win32').each<[string, (file: string) => void, RegExp]>([
  ['a folder', (file) => mkdirSync(file), /is a folder, where a file has to be/],
  ['a device', (file) => symlinkSync('/dev/null', file), /is no plain file/],
  ['a link that leads nowhere', (file) => symlinkSync('nowhere', file), /leads nowhere/],
  ['no UTF-8', (file) => writeFileSync(file, Buffer.from([0x7b, 0xff, 0x7d])), /not written in UTF-8/],
  ['one that may not be written', (file) => writeFileSync(file, '{}', { mode: 0o444 }), /chmod u\+w/],
  ['a large one', (file) => writeFileSync(file, ' '.repeat(4 * 1024 * 1024 + 1)), /4194305 bytes/],
  [
    'a broken one',
    (file) => writeFileSync(file, '{\n  "a": }'),
    /settings:2:8 cannot be read as JSON: value expected\. Correct/,
  ],
])('%s is refused', async (_, make, words) => {
  const file = join(newFolder(), 'settings')
  make(file)
  await expect(planEdits([edit(file)])).rejects.toThrow(words)
  await expect(planEdits([edit(file)])).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/Nothing was changed/),
  })
  chmodSync(join(file, '..'), 0o700)
})

test.skipIf(process.getuid?.() !== 0)("another user's file is refused", async () => {
  const file = join(newFolder(), 'settings')
  writeFileSync(file, '{}')
  chownSync(file, 12_345, 12_345)
  await expect(planEdits([edit(file)])).rejects.toThrow(/belongs to the user with the id 12345/)
})

test('a file in place of a folder is refused', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a'), '')
  await expect(planEdits([edit(join(folder, 'a', 'b', 'settings'))])).rejects.toThrow(
    /ConfigError|cannot be read|is a file/,
  )
})

test('several edits of a file compose, also through a link; nothing is written', async () => {
  const folder = newFolder()
  const [file, link] = [join(folder, 'settings'), join(folder, 'link')]
  writeFileSync(file, '{"z":1}')
  symlinkSync(file, link)
  const planned = await planEdits([edit(file, 'a'), edit(link, 'b'), edit(join(folder, 'new', 'c'))])
  expect(planned.map(({ before, after }) => [before, after])).toEqual([
    ['{"z":1}', '{"z":1,"a":"x"}'],
    ['{"z":1,"a":"x"}', '{"z":1,"a":"x","b":"x"}'],
    [undefined, '{\n  "a": "x"\n}\n'],
  ])
  expect(hasChanges(planned)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['link', 'settings'])
})

test('a diff shows what changes, without keys', async () => {
  const file = join(newFolder(), 'settings')
  writeFileSync(file, '{\r\n  "b": "pk_old_s3cret",\r\n  "a": 1\r\n}')
  const planned = await planEdits([edit(file, 'b', 'pk_new0_s3cret'), edit(file, 'c', 'y'), edit(`${file}.new`)])
  const diff = renderDiff(planned)
  expect(diff).toContain(
    `--- ${file}\n+++ ${file}\n@@ -1,4 +1,5 @@\n {\n-  "b": "pk_old_…",\n-  "a": 1\n+  "b": "pk_new0_…",\n+  "a": 1,\n+  "c": "y"\n }`,
  )
  expect(diff).toContain(`--- /dev/null\n+++ ${file}.new\n@@ -0,0 +1,3 @@\n+{\n+  "a": "x"\n+}\n`)
  expect(diff).not.toContain('s3cret')
  const foreign = await planEdits([edit(file, 'c', 'sk-ant-s3cret')])
  expect(renderDiff(foreign)).toContain('"c": "sk-…"')
  const none = await planEdits([edit(file, 'a', 'x')])
  expect(renderDiff(none.map((one) => ({ ...one, after: one.before ?? '' })))).toBe('')
})

test('of a long line a diff shows what changed in it, and keeps no more secret than else', () => {
  const others = Array.from({ length: 200 }, (_, at) => `"setting-${at}":${at}`).join(',')
  const edit = {
    ...{ file: '/home/ana/.tool.json', hasKey: true },
    before: `{${others},"sk":"sk-foreign${'x'.repeat(58)}","url":"https://old.example","end":1}`,
    after: `{${others},"sk":"sk-foreign${'x'.repeat(58)}","url":"https://new.example","key":"pk_abc_secretsecret","end":1}`,
  }
  const diff = renderDiff([edit as unknown as PlannedEdit])
  const changed = diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line))
  expect(changed).toEqual([
    expect.stringMatching(/^-….*"setting-199":199,"sk":"sk-…","url":"https:\/\/old\.example","end":1}$/),
    expect.stringMatching(/^\+….*"sk":"sk-…","url":"https:\/\/new\.example","key":"pk_abc_…","end":1}$/),
  ])
  expect(Math.max(...changed.map(({ length }) => length))).toBeLessThan(240)
})

test.each([
  ['"ANTHROPIC_AUTH_TOKEN": "0123456789abcdef0123456789abcdef"', '"ANTHROPIC_AUTH_TOKEN": "…"'],
  ['azure_api_key = "0123456789abcdef"', 'azure_api_key = "…"'],
  ['authorization: Bearer eyJhbGciOi.eyJzdWIiOi.abc-_', 'authorization: Bearer …'],
  ['"apiKeyHelper": "/opt/punku key print --profile default"', undefined],
  ['env_key = "PUNKU_KEY"', undefined],
  ['"apiKey": "{file:/home/ana/.config/punku/secrets/key}"', undefined],
  ['max_tokens: 32768', undefined],
])('in a diff %s stands as %s', (line, shown = line) => {
  const edit = { file: '/home/ana/.tool', hasKey: true, before: '', after: `${line}\n` }
  expect(renderDiff([edit as unknown as PlannedEdit]).split('\n')).toContain(`+${shown}`)
})
