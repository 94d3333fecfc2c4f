import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { behaviourOf, NOT_FOR_TOOLS, withErrorDocs } from '../../scripts/error-docs.ts'
import { TOOLS } from '../../scripts/tool-behaviours.ts'
import { ERRORS, type ErrorCode, PunkuError } from '../../src/core/error.ts'
import { DIALECTS } from '../../src/dialects/dialects.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const [codes = '', , types = ''] = page.split(/^## (?:What tools show|Types by code)$/m)

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
      expect(row, code).toHaveLength(5)
      expect(row?.[2]?.length, `what happened: ${code}`).toBeGreaterThan(20)
    }
  })

  test.each(CODES)('%s has the status and the retry flag of the table', (code) => {
    const { status, isRetryable } = ERRORS[code]
    expect(rowsOf(codes).get(code)?.[0]?.slice(0, 2)).toEqual([String(status), isRetryable ? 'yes' : 'no'])
  })

  test('says what tools show as it was recorded', () => expect(page, 'run: npm run docs').toBe(withErrorDocs(page)))

  test('names the types of each code once', () => expectOneRowEach(rowsOf(types)))

  test.each(CODES)('%s has the types that the dialects render', (code) => {
    const error = new PunkuError(code, 'What happened.')
    const openai = JSON.parse(DIALECTS.openai.renderError(error, 'req_1')).error
    const anthropic = JSON.parse(DIALECTS.anthropic.renderError(error, 'req_1')).error
    expect(rowsOf(types).get(code)?.[0]).toEqual([`${openai.type} / ${openai.code}`, anthropic.type])
    const ollama = { error: 'What happened.', ...(ERRORS[code].status === 401 && { status: 'What happened.' }) }
    expect(JSON.parse(DIALECTS.ollama.renderError(error, 'req_1'))).toEqual(ollama)
  })
})

describe('an error that lasts', () => {
  const lasting = CODES.filter((code) => !ERRORS[code].isRetryable && !NOT_FOR_TOOLS.has(code))

  /** Bad keys and grants have the one status that every SDK makes its own class of; and that of a model says what is wrong. */
  const UNAVOIDED = ['Copilot CLI 401', 'Copilot CLI 403', 'Copilot CLI 404', 'Claude Code model_not_found']

  test.each(TOOLS)('is shown to the person by $name', (tool) => {
    for (const code of lasting) {
      const behaviour = behaviourOf(tool, code)
      if (behaviour === undefined) continue
      const isUnavoided = [`${tool.name} ${ERRORS[code].status}`, `${tool.name} ${code}`].some((one) =>
        UNAVOIDED.includes(one),
      )
      expect(behaviour.shows === 'text', code).toBe(!isUnavoided)
    }
  })

  test.each(TOOLS)('is not asked for again for minutes by $name', (tool) => {
    for (const code of lasting.filter((one) => ERRORS[one].status < 500)) {
      const { asks = 0, note = '' } = behaviourOf(tool, code) ?? {}
      expect(asks, code).toBeLessThanOrEqual(6)
      expect(note, code).not.toMatch(/\d s/)
    }
  })
})
