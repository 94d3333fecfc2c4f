import { describe, expect, it, vi } from 'vitest'
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
    '[{"type":"\\u0085web_search"}]',
    '[{"type":"\u0085 \\u3000\\u2003web_search"}]',
    '[{"\\u0054Y\\u0050e":"\\u0057EB\\u005fSEARC\\u0048"}]',
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

  it('makes no text of each escape', () => {
    let made = 0
    using _spy = vi.spyOn(String, 'fromCharCode').mockImplementation(() => {
      made++
      return ''
    })
    const escapes = '\\u0041'.repeat(100)
    expect(asksForWebSearch(Buffer.from(`[{"name":"${escapes}"},{"type":"web_search"}]`))).toBe(true)
    expect(made).toBe(0)
  })
})
