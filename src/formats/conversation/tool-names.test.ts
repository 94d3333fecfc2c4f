import { describe, expect, it } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { ConversationReader } from './conversation.ts'
import { readAnthropicRequest } from './read-anthropic.ts'
import { readChatRequest } from './read-chat.ts'
import { readOllamaChatRequest } from './read-ollama.ts'
import { readResponsesRequest } from './read-responses.ts'

const MOST = 'n'.repeat(512)
const HI = { role: 'user', content: 'Hi' }

type Named = readonly [field: string, body: (name: string) => JsonObject]

const responses: readonly Named[] = [
  ['tools[0].name', (name) => ({ tools: [{ type: 'function', name }] })],
  ['tools[0].name', (name) => ({ tools: [{ type: 'custom', name }] })],
  ['tools[0].name', (name) => ({ tools: [{ type: 'namespace', name, tools: [] }] })],
  [
    'tools[0].tools[0].name',
    (name) => ({ tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function', name }] }] }),
  ],
  ['input[0].name', (name) => ({ input: [{ type: 'function_call', call_id: 'a', name }] })],
  ['input[0].namespace', (namespace) => ({ input: [{ type: 'function_call', call_id: 'a', name: 'f', namespace }] })],
  [
    'tool_choice.name',
    (name) => ({ tools: [{ type: 'function', name: MOST }], tool_choice: { type: 'function', name } }),
  ],
  [
    'tool_choice.namespace',
    (namespace) => ({
      tools: [{ type: 'function', name: 'f' }],
      tool_choice: { type: 'function', name: 'f', ...(namespace !== MOST && { namespace }) },
    }),
  ],
]

const chat: readonly Named[] = [
  ['tools[0].function.name', (name) => ({ tools: [{ type: 'function', function: { name } }] })],
  ['functions[0].name', (name) => ({ functions: [{ name }] })],
  ['messages[0].tool_calls[0].function.name', (name) => chatCall({ type: 'function', function: { name } })],
  ['messages[0].tool_calls[0].custom.name', (name) => chatCall({ type: 'custom', custom: { name } })],
  ['messages[0].function_call.name', (name) => ({ messages: [{ role: 'assistant', function_call: { name } }] })],
  ['messages[0].name', (name) => ({ messages: [{ role: 'tool', tool_call_id: 'a', name, content: '' }] })],
  [
    'messages[0].tool_name',
    (name) => ({ messages: [{ role: 'tool', tool_call_id: 'a', tool_name: name, content: '' }] }),
  ],
  ['messages[0].name', (name) => ({ messages: [{ role: 'function', name, content: '' }] })],
  [
    'tool_choice.function.name',
    (name) => ({ functions: [{ name: MOST }], tool_choice: { type: 'function', function: { name } } }),
  ],
  ['function_call.name', (name) => ({ functions: [{ name: MOST }], function_call: { name } })],
]

const anthropic: readonly Named[] = [
  ['tools.0.name', (name) => ({ tools: [{ name, input_schema: {} }] })],
  [
    'messages.0.content.0.name',
    (name) => ({ messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name }] }] }),
  ],
]

const ollama: readonly Named[] = [
  ['tools[0].function.name', (name) => ({ tools: [{ function: { name } }] })],
  [
    'messages[0].tool_calls[0].function.name',
    (name) => ({ messages: [{ role: 'assistant', tool_calls: [{ function: { name } }] }] }),
  ],
  ['messages[0].tool_name', (name) => ({ messages: [{ role: 'tool', tool_name: name, content: '' }] })],
]

describe.each<[string, ConversationReader, readonly Named[]]>([
  ['/v1/responses', readResponsesRequest, responses],
  ['/v1/chat/completions', readChatRequest, chat],
  ['/v1/messages', readAnthropicRequest, anthropic],
  ['/api/chat', readOllamaChatRequest, ollama],
])('a name of a tool in %s', (_, read, named) => {
  it.each(named)('has 512 characters at most: %s', (field, body) => {
    const given = (name: string) => read({ model: 'm', input: 'Hi', messages: [HI], ...body(name) })
    expect(() => given(MOST)).not.toThrow()
    const refusal = expect.objectContaining({ code: 'invalid_request', param: field })
    expect(thrownBy(() => given(`${MOST}n`))).toEqual(refusal)
  })
})

function chatCall(call: object): JsonObject {
  return { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', ...call }] }] }
}

function thrownBy(act: () => unknown): PunkuError | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof PunkuError) return error
    throw error
  }
  return undefined
}
