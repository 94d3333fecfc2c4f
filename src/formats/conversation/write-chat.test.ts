import { describe, expect, test } from 'vitest'
import type { Conversation, Turn } from './conversation.ts'
import { writeChatRequest } from './write-chat.ts'

function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    model: 'tiny',
    turns: [{ role: 'user', parts: [{ kind: 'text', text: 'hi' }] }],
    tools: [],
    sampling: {},
    wantsStream: false,
    dropped: [],
    ...more,
  }
}

const body = (more: Partial<Conversation>) => writeChatRequest(conversation(more)).body
const messages = (...turns: Turn[]) => body({ turns })['messages']
const user = (text: string): Turn => ({ role: 'user', parts: [{ kind: 'text', text }] })
const WEATHER = { name: 'weather', description: 'w', parameters: { type: 'object' } }

test('a plain conversation says what it must and nothing else', () => {
  expect(writeChatRequest(conversation())).toEqual({
    body: { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], stream: false },
    dropped: [],
  })
})

test('a stream asks for its usage, which servers else leave out', () => {
  expect(body({ wantsStream: true })).toMatchObject({ stream: true, stream_options: { include_usage: true } })
})

describe('turns', () => {
  test('of a system come first, as one', () => {
    expect(messages({ role: 'system', text: 'a' }, { role: 'system', text: 'b' }, user('hi'))).toEqual([
      { role: 'system', content: 'a\n\nb' },
      { role: 'user', content: 'hi' },
    ])
  })

  test('of a system in the middle keep their place, inside the user turn there', () => {
    expect(messages(user('one'), { role: 'system', text: 'mind this' }, user('two'))).toEqual([
      { role: 'user', content: 'one\n\n<system>\nmind this\n</system>\n\ntwo' },
    ])
  })

  test('with pictures come in parts', () => {
    const turn: Turn = {
      role: 'user',
      parts: [
        { kind: 'text', text: 'what is this?' },
        { kind: 'image', mediaType: 'image/png', data: 'AAAA' },
      ],
    }
    expect(messages(turn)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ])
  })

  test('of calls and what they gave keep their ids; what failed says so; pictures follow behind', () => {
    const said = messages(
      user('hi'),
      {
        role: 'assistant',
        parts: [
          { kind: 'thinking', text: 'hm' },
          { kind: 'call', id: 'c1', name: 'weather', arguments: '{"city":"Cuzco"}' },
          { kind: 'call', id: 'c2', name: 'look', arguments: '{}' },
        ],
      },
      { role: 'tool', callId: 'c1', name: 'weather', isError: true, parts: [{ kind: 'text', text: 'no network' }] },
      {
        role: 'tool',
        callId: 'c2',
        name: 'look',
        isError: false,
        parts: [{ kind: 'image', mediaType: 'image/png', data: 'AAAA' }],
      },
      user('and now?'),
    )
    expect(said).toEqual([
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Cuzco"}' } },
          { id: 'c2', type: 'function', function: { name: 'look', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'Error: no network' },
      { role: 'tool', tool_call_id: 'c2', content: '' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Pictures that the tool look gave:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'text', text: 'and now?' },
        ],
      },
    ])
  })
})

describe('options', () => {
  test.each([
    [{ tools: [WEATHER], toolChoice: 'any' as const }, { tool_choice: 'required' }],
    [{ tools: [WEATHER], toolChoice: 'none' as const }, { tool_choice: 'none' }],
    [
      { tools: [WEATHER], toolChoice: { name: 'weather' }, mayCallSeveral: false },
      { tool_choice: { type: 'function', function: { name: 'weather' } }, parallel_tool_calls: false },
    ],
    [
      { sampling: { maxTokens: 9, temperature: 0, topP: 0.5, stop: ['x'], seed: 3 } },
      { max_tokens: 9, temperature: 0, top_p: 0.5, stop: ['x'], seed: 3 },
    ],
    [{ thinking: { isOn: true, effort: 'max' as const } }, { reasoning_effort: 'high' }],
    [{ output: { kind: 'json' as const } }, { response_format: { type: 'json_object' } }],
    [
      { output: { kind: 'schema' as const, name: 'n', schema: { type: 'object' }, isStrict: true } },
      {
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
      },
    ],
  ])('%j', (more, expected) => {
    expect(body(more)).toMatchObject(expected)
  })

  test('that have no place are named, and a choice without tools is none', () => {
    const written = writeChatRequest(
      conversation({ toolChoice: 'any', sampling: { topK: 3, minP: 0.1 }, thinking: { isOn: false } }),
    )
    expect(written.dropped).toEqual(['top_k', 'min_p', 'thinking'])
    expect(written.body).not.toHaveProperty('tool_choice')
  })
})

test('a hundred thousand turns or pictures in a row are put together at once', () => {
  const many = 100_000
  const began = performance.now()
  expect(messages(...Array.from({ length: many }, () => user('x')))).toHaveLength(1)
  const parts = Array.from({ length: many }, () => ({ kind: 'image' as const, mediaType: 'image/png', data: 'AAAA' }))
  expect(messages({ role: 'tool', callId: 'a', name: 'look', isError: false, parts })).toHaveLength(2)
  expect(performance.now() - began).toBeLessThan(5_000)
})
