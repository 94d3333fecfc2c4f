import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const MAX_LINES = 40

const folder = new URL('../../docs/decisions/', import.meta.url)
const names = readdirSync(folder).sort()

describe('docs/decisions', () => {
  test('are numbered from 0001 without a gap', () => {
    expect(names.length).toBeGreaterThan(0)
    expect(names.map((name) => name.slice(0, 5))).toEqual(names.map((_, at) => `${String(at + 1).padStart(4, '0')}-`))
  })

  test.each(names)('%s has a title, context, choice and consequence, in 40 lines', (name) => {
    expect(name).toMatch(/^\d{4}(-[a-z0-9]+)+\.md$/)
    const text = readFileSync(new URL(name, folder), 'utf8')
    const [title = '', ...sections] = text.split(/^## /m)
    expect(title).toMatch(new RegExp(`^# ${name.slice(0, 4)}: \\S.*\\n\\n$`))
    const bodies = sections.map((section) => section.split('\n\n'))
    expect(bodies.map(([heading]) => heading)).toEqual(['Context', 'Choice', 'Consequence'])
    expect(bodies.filter((paragraphs) => (paragraphs[1] ?? '').trim() === '')).toEqual([])
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES)
  })
})
