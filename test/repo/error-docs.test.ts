import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode, PunkuError } from '../../src/core/error.ts'
import { DIALECTS } from '../../src/dialects/dialects.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const [codes = '', , types = ''] = page.split(/^## (?:Shapes|Types by code)$/m)

/** The rows that begin with a code, without it, by code; a code that has two rows is there with both. */
function rowsOf(text: string): Map<string, string[][]> {
  const rows = new Map<string, string[][]>()
  for (const [, code = '', rest = ''] of text.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)) {
    rows.set(code, [...(rows.get(code) ?? []), rest.split(' | ')])
  }
  return rows
}

function expectOneRowEach(rows: Map<string, string[][]>): void {
  expect([...rows.keys()].sort()).toEqual([...CODES].sort())
  for (const [code, found] of rows) expect(found, code).toHaveLength(1)
}

describe('docs/errors.md', () => {
  test('explains each code once, and no others', () => {
    expectOneRowEach(rowsOf(codes))
    for (const [code, [row]] of rowsOf(codes)) {
      expect(row, code).toHaveLength(4)
      expect(row?.[2]?.length, `what happened: ${code}`).toBeGreaterThan(20)
    }
  })

  test.each(CODES)('%s has the status and the retry flag of the table', (code) => {
    const { status, isRetryable } = ERRORS[code]
    expect(rowsOf(codes).get(code)?.[0]?.slice(0, 2)).toEqual([String(status), isRetryable ? 'yes' : 'no'])
  })

  test('names the types of each code once', () => expectOneRowEach(rowsOf(types)))

  test.each(CODES)('%s has the types that the dialects render', (code) => {
    const error = new PunkuError(code, 'What happened.')
    const openai = JSON.parse(DIALECTS.openai.renderError(error, 'req_1')).error
    const anthropic = JSON.parse(DIALECTS.anthropic.renderError(error, 'req_1')).error
    expect(rowsOf(types).get(code)?.[0]).toEqual([`${openai.type} / ${openai.code}`, anthropic.type])
    expect(JSON.parse(DIALECTS.ollama.renderError(error, 'req_1'))).toEqual({ error: 'What happened.' })
  })
})
