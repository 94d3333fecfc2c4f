import { describe, expect, it } from 'vitest'
import { asksForWebSearch } from './web-search.ts'

describe('asksForWebSearch', () => {
  it.each([
    '[{"type":"web_search_20250305","name":"web_search","max_uses":5}]',
    '[{"type":"function","name":"f"},{"type":"web_search"}]',
    '[{"name":"x", "type" :\n "web_search_preview"}]',
    '[{"type":"WEB_Search"}]',
    '[{"Type":"web_search"}]',
    '[{"type":"function","TYPE":"web_search"}]',
    '[{"type":"web_search","type":"function"}]',
    '[{"t\\u0079pe":"web\\u005Fsearch"}]',
    '[{"\\u0074\\u0079\\u0070\\u0065":"\\u0077eb_search"}]',
    '[{"type":" web_search"}]',
    '[{"type":"\\t\\nweb_search"}]',
    '[{"type":"\\u00a0web_search"}]',
    '[{"type":"namespace","tools":[{"type":"web_search"}]}]',
  ])('sees it in %s', (tools) => {
    expect(asksForWebSearch(Buffer.from(tools))).toBe(true)
  })

  it.each([
    '[]',
    'null',
    '[{"type":"function","function":{"name":"web_search","parameters":{"type":"object"}}}]',
    '[{"name":"web_search","description":"Search the web.","input_schema":{"type":"object"}}]',
    '[{"type":"custom","name":"f","description":"not {\\"type\\":\\"web_search\\"}"}]',
    '[{"type":"my_web_search"}]',
  ])('does not see it in %s', (tools) => {
    expect(asksForWebSearch(Buffer.from(tools))).toBe(false)
  })

  it('takes millions of white space', () => {
    const padding = '\\n'.repeat(8_000_000)
    expect(asksForWebSearch(Buffer.from(`[{"type":"${padding}web_search"}]`))).toBe(true)
  })
})
