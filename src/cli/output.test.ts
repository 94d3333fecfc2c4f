import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { localTime, renderTable } from './output.ts'

test('a table stands in columns, numbers at the right', () => {
  const lines = renderTable(
    [{ title: 'NAME' }, { title: 'IN', isNumber: true }, { title: 'NOTE' }],
    [
      ['alice', '5', ''],
      ['b', '12345', 'x'],
    ],
  )
  expect(lines.map(stripVTControlCharacters)).toEqual(['NAME      IN  NOTE', 'alice      5', 'b      12345  x'])
})

test('a cell cannot steer the terminal: upstreams name their models', () => {
  const [, row = ''] = renderTable([{ title: 'MODEL' }], [['\u001b]0;gone\u0007a\u009b2Jb\r\nc']])
  expect(row).toBe('\ufffd]0;gone\ufffda\ufffd2Jb\ufffd\ufffdc')
})

test('a time is shown in the zone of the reader, none as -', () => {
  expect(localTime(new Date(2026, 0, 2, 3, 4, 5).toISOString())).toBe('2026-01-02 03:04:05')
  expect(localTime(null)).toBe('-')
})
