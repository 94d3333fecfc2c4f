import { describe, expect, it } from 'vitest'
import { choiceWithout, type ToolReference } from './tool-choice.ts'

const isGone = ({ type, name }: ToolReference) =>
  type === undefined ? name === 'web_search' : type.startsWith('web_search')

const search = { type: 'web_search' }
const f = { type: 'function', name: 'f' }

describe('a choice of tools once the web search is gone', () => {
  it.each([
    'auto',
    'none',
    'required',
    'any',
    'something',
    null,
    7,
    { type: 'auto' },
    { type: 'any', disable_parallel_tool_use: true },
    { type: 'tool', name: 'f' },
    { type: 'function', function: { name: 'f' } },
    { type: 'custom', custom: { name: 'f' } },
    { type: 'file_search' },
    { type: 'mcp', server_label: 'web_search', name: 'f' },
    { type: 'allowed_tools', mode: 'required', tools: [f, { type: 'mcp', server_label: 'x' }] },
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
    { type: 'allowed_tools' },
    {},
  ])('is what it was where it does not refer to it: %j', (choice) => {
    expect(choiceWithout(choice, isGone)).toBe(choice)
  })

  it.each([
    'web_search',
    search,
    { type: 'web_search_preview_2025_03_11' },
    { type: 'tool', name: 'web_search' },
    { type: 'function', name: 'web_search' },
    { type: 'function', function: { name: 'web_search' } },
    { type: 'custom', custom: { name: 'web_search' } },
    { name: 'web_search' },
  ])('is free where it was that tool: %j', (choice) => {
    expect(choiceWithout(choice, isGone)).toBeUndefined()
  })

  it("keeps Anthropic's switch for parallel calls", () => {
    const choice = { type: 'tool', name: 'web_search', disable_parallel_tool_use: true }
    expect(choiceWithout(choice, isGone)).toEqual({ type: 'auto', disable_parallel_tool_use: true })
  })

  it('allows what else it allowed, and no tool where that was all', () => {
    const chat = (...tools: object[]) => ({ type: 'allowed_tools', allowed_tools: { mode: 'required', tools } })
    const responses = (...tools: object[]) => ({ type: 'allowed_tools', mode: 'auto', tools })
    for (const form of [chat, responses]) {
      expect(choiceWithout(form(search, f, { type: 'web_search_preview' }), isGone)).toEqual(form(f))
      expect(choiceWithout(form(search), isGone)).toBe('none')
    }
  })
})
