import { expect, test } from 'vitest'
import type { DocumentChange, PlainValue } from '../file-edit.ts'
import { changeBlock, readBlock } from './block-text.ts'
import { changeDocument } from './change-document.ts'
import { DocumentFault } from './document-format.ts'
import { documentFormat } from './load-format.ts'

const set = (path: string, value: PlainValue): DocumentChange => ({ kind: 'set', path: path.split('.'), value })
const remove = (path: string): DocumentChange => ({ kind: 'remove', path: path.split('.') })
const item = (path: string, id: string, v: PlainValue): DocumentChange => ({
  kind: 'item',
  path: path.split('.'),
  by: 'id',
  item: { id, v },
})
type Format = 'json' | 'jsonc' | 'yaml' | 'toml'

async function changed(name: Format, text: string, changes: readonly DocumentChange[]): Promise<string> {
  const format = await documentFormat(name)
  format.read(text)
  return changes.reduce((before, change) => changeDocument(format, before, change), text)
}

test.each<[Format, string, string, readonly DocumentChange[], string]>([
  ['json', 'an empty file', '', [set('a.b', 1)], '{\n  "a": {\n    "b": 1\n  }\n}\n'],
  ['json', 'an empty object', '{}', [set('a', true)], '{\n  "a": true\n}'],
  ['json', 'one line', '{"a":1}\n', [set('b.c', 'x'), set('a', 2)], '{"a":2,"b":{"c":"x"}}\n'],
  ['json', 'tabs and CRLF', '{\r\n\t"a": 1\r\n}', [set('b', [1])], '{\r\n\t"a": 1,\r\n\t"b": [\r\n\t\t1\r\n\t]\r\n}'],
  [
    'json',
    'four blanks',
    '{\n    "a": {\n        "b": 1\n    }\n}\n',
    [set('a.c', 2)],
    '{\n    "a": {\n        "b": 1,\n        "c": 2\n    }\n}\n',
  ],
  ['json', 'a name that stands twice', '{"a":1,"a":2}', [set('a', 3)], '{"a":1,"a":3}'],
  ['json', 'the last one removed', '{\n  "a": 1,\n  "b": 2\n}\n', [remove('b')], '{\n  "a": 1\n}\n'],
  ['json', 'all removed', '{\n  "a": {\n    "b": 1\n  }\n}\n', [remove('a.b')], '{\n  "a": {}\n}\n'],
  [
    'json',
    'items',
    '{"l":[{"id":"x","v":1}]}',
    [item('l', 'y', 2), item('l', 'x', 3)],
    '{"l":[{"id":"x","v":3},{"id":"y","v":2}]}',
  ],
  [
    'jsonc',
    'a comment beside the last one',
    '{\n  "a": 1 // one\n  // end\n}',
    [set('b', 2)],
    '{\n  "a": 1, // one\n  "b": 2\n  // end\n}',
  ],
  [
    'jsonc',
    'commas after the last one',
    '{\n  "a": [1,], /* x\n y */\n}\n',
    [set('b', 2)],
    '{\n  "a": [1,], /* x\n y */\n  "b": 2,\n}\n',
  ],
  [
    'jsonc',
    'a comment alone between braces of one line',
    '{\n\t"a": {/* x */},\n\t// end\n}\n',
    [set('a.b', 1)],
    '{\n\t"a": {/* x */"b": 1},\n\t// end\n}\n',
  ],
  ['jsonc', 'nothing but comments', '// mine\n', [set('a', 1)], '// mine\n{\n  "a": 1\n}\n'],
  ['jsonc', 'comments in an empty object', '{\n  // mine\n}\n', [set('a', 1)], '{\n  // mine\n  "a": 1\n}\n'],
  ['yaml', 'an empty file', '', [set('a.b', 'yes')], 'a:\n  b: "yes"\n'],
  ['yaml', 'nothing but comments', '# mine', [set('a', 1)], '# mine\na: 1'],
  ['yaml', 'marks of a document', '---\na: 1\n...\n', [set('b', 2)], '---\na: 1\nb: 2\n...\n'],
  [
    'yaml',
    'a mark and CRLF',
    '\uFEFFa: 1 # x\r\nb:\r\n',
    [set('a', 2), set('b.c', 3)],
    '\uFEFFa: 2 # x\r\nb:\r\n  c: 3\r\n',
  ],
  ['yaml', 'texts in lines', 'a: |\n  x\n  y\n\nb: >-\n  z', [set('c', 1), set('a', 'w')], 'a: w\n\nb: >-\n  z\nc: 1'],
  [
    'yaml',
    'a list at the margin',
    'l: # of mine\n- id: a   # first\n  v:  0\n# end\nz: 1\n',
    [item('l', 'b', [1]), item('l', 'c', 2)],
    'l: # of mine\n- id: a   # first\n  v:  0\n- id: b\n  v:\n    - 1\n- id: c\n  v: 2\n# end\nz: 1\n',
  ],
  [
    'yaml',
    'an item in its place',
    'l:\n  - id: a\n    v: 0 # old\n\n  # two\n  - id: b\n',
    [item('l', 'a', 1)],
    'l:\n  - id: a\n    v: 1 # old\n\n  # two\n  - id: b\n',
  ],
  [
    'yaml',
    'brackets',
    'a: {b: 1} # x\nl: []\n',
    [set('a.c', 'd, e'), item('l', 'x', 1)],
    'a: {b: 1, "c": "d, e"} # x\nl: [{ "id": "x", "v": 1 }]\n',
  ],
  [
    'yaml',
    'tags and anchors of others',
    'x: !secret key\ny: &y {q: 1}\nz: *y\n',
    [set('a', 1)],
    'x: !secret key\ny: &y {q: 1}\nz: *y\na: 1\n',
  ],
  [
    'yaml',
    'one removed',
    'a: 1\n# of b\nb:\n  c: 1\n  d: 2 # x\ne: 1\n',
    [remove('b.d'), remove('a')],
    '# of b\nb:\n  c: 1\ne: 1\n',
  ],
  [
    'toml',
    'an empty file',
    '',
    [set('m', 'x'), set('p.q', { 'a b': 1, c: {} })],
    'm = "x"\n\n[p.q]\n"a b" = 1\nc = {}\n',
  ],
  [
    'toml',
    'names before the first header',
    '# file\n\n# of t\n[t]\na = 1',
    [set('m', 'x')],
    '# file\n\nm = "x"\n\n# of t\n[t]\na = 1',
  ],
  [
    'toml',
    'CRLF',
    "a = '''\r\nx'''  # c\r\n[t]\r\n",
    [set('b', 1), set('t.u', true)],
    "a = '''\r\nx'''  # c\r\nb = 1\r\n[t]\r\nu = true\r\n",
  ],
  ['toml', 'names with dots', 'a.b = 1\n[t]\n', [set('a.c', 2)], 'a.b = 1\na.c = 2\n[t]\n'],
  [
    'toml',
    'a header below its own',
    '[a.b]\nx = 1\n',
    [set('a.c', 2), set('a.b.y', 3)],
    '[a.b]\nx = 1\ny = 3\n\n[a]\nc = 2\n',
  ],
  ['toml', 'braces', 'a = { x = 1 } # c\n', [set('a.y', 2), remove('a.x')], 'a = { y = 2 } # c\n'],
  [
    'toml',
    'a table in its place',
    '[p.q]\na = 1\n# of q\nb = 2 # c\n\n[z]\n',
    [set('p.q', { a: 3 })],
    '[p.q]\na = 3 # c\n\n[z]\n',
  ],
  [
    'toml',
    'items by headers',
    '[[l]]\nid = "a"\n[l.s]\nk = 1\n\n# z\n[z]\n',
    [item('l', 'b', 2), item('l', 'a', 1)],
    '[[l]]\nid = "a"\nv = 1\n\n[[l]]\nid = "b"\nv = 2\n\n# z\n[z]\n',
  ],
  [
    'toml',
    'items in brackets',
    'l = [\n  { id = "a" }, # one\n]\n',
    [item('l', 'b', 2)],
    'l = [\n  { id = "a" }, # one\n  { id = "b", v = 2 },\n]\n',
  ],
  [
    'toml',
    'times of others',
    't = 1979-05-27T07:32:00Z\nu = 07:32:00\n',
    [set('a', 1)],
    't = 1979-05-27T07:32:00Z\nu = 07:32:00\na = 1\n',
  ],
  ['toml', 'a table removed', '[a]\nx = 1\n\n[b]\ny = 1\n[b.c]\nz = 1\n\n[d]\n', [remove('b')], '[a]\nx = 1\n\n[d]\n'],
])('%s: %s', async (format, _, before, changes, after) => {
  expect(await changed(format, before, changes)).toBe(after)
  expect(await changed(format, after, changes)).toBe(after)
})

test.each<[Format, string, string, RegExp, number]>([
  ['json', '{\n "a": 1 // x\n}', 'a', /a comment/, 2],
  ['json', '{\n "a": 1,\n}', 'a', /a comma after the last value/, 3],
  ['json', '{"a": 1', 'a', /brace expected/, 1],
  ['json', '{"a": 1} x', 'a', /./, 1],
  ['json', '[]', 'a', /the whole document is a list/, 0],
  ['json', '{"a": "x"}', 'a.b', /a is a value, where a group/, 0],
  ['json', '['.repeat(100_000), 'a', /too many levels/, 0],
  ['jsonc', '{"a" 1}', 'a', /colon expected/, 1],
  ['yaml', 'a:\n\tb: 1\n', 'a', /tabs are not allowed/, 2],
  ['yaml', 'a: 1\na: 2\n', 'a', /unique/, 2],
  ['yaml', 'a: 1\n---\nb: 1\n', 'a', /a second document begins/, 2],
  ['yaml', 'a: &x 1\nb: *x\n', 'a', /a form that is not edited/, 0],
  [
    'yaml',
    `a: &a [${'x,'.repeat(20)}]\n${[...'bcdefg'].map((name, at) => `${name}: &${name} [${`*${'abcdef'[at]},`.repeat(20)}]`).join('\n')}\n`,
    'z',
    /alias/,
    0,
  ],
  ['toml', 'a = 1\nb = @\n', 'a', /./, 2],
  ['toml', 'a = 1\na = 2\n', 'a', /multiple times/, 2],
  ['toml', '[[a]]\nb = 1\n', 'a.c', /a is a list/, 0],
])('%s: %j is refused', async (format, text, path, words, line) => {
  const fault = await changed(format, text, [set(path, 'new')]).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(DocumentFault)
  expect(fault).toMatchObject({ message: expect.stringMatching(words), line })
})

test.each([
  ['', '# >>> punku >>>\nx\n# <<< punku <<<\n'],
  ['a', 'a\n# >>> punku >>>\nx\n# <<< punku <<<\n'],
  ['a\r\n', 'a\r\n# >>> punku >>>\r\nx\r\n# <<< punku <<<\r\n'],
])('lines between marks go after %j, and away again', (before, after) => {
  expect(changeBlock(before, 'x\n')).toBe(after)
  expect(readBlock(after)).toBe('x')
  expect(changeBlock(after, 'x')).toBe(after)
  const ended = before === 'a' ? 'a\n' : before
  expect(changeBlock(`${after}b`, undefined)).toBe(`${ended}b`)
  expect(changeBlock(after, undefined)).toBe(ended)
})

test.each([
  '# >>> punku >>>\nx\n',
  '# <<< punku <<<\n# >>> punku >>>\n',
  '# >>> punku >>>\n# <<< punku <<<\n# >>> punku >>>\n# <<< punku <<<\n',
])('marks that do not pair are refused: %j', (text) => {
  expect(() => changeBlock(text, 'y')).toThrow(/do not stand there once each/)
})
