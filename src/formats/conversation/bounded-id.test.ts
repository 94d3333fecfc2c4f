import fc from 'fast-check'
import { expect, it } from 'vitest'
import { boundedId } from './bounded-id.ts'
import type { Conversation } from './conversation.ts'
import { writeAnthropicRequest } from './write-anthropic.ts'
import { writeChatRequest } from './write-chat.ts'
import { writeOllamaRequest } from './write-ollama.ts'

it.each(['', 'toolu_1', 'f:1', 'x'.repeat(256)])('leaves an id as it is: %j', (id) => {
  expect(boundedId(id)).toBe(id)
})

it('gives a long id a short one, and two long ones two', () => {
  const long = fc.string({ minLength: 257, maxLength: 400, unit: 'binary' })
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(long, (id) => {
      const short = boundedId(id)
      expect(short).toMatch(/^call_[0-9a-f]{16}$/)
      expect(boundedId(id)).toBe(short)
      expect(seen.get(short) ?? id).toBe(id)
      seen.set(short, id)
    }),
  )
  const alike = Array.from({ length: 10_000 }, (_, at) => boundedId(`${'x'.repeat(300)}${at}`))
  expect(new Set(alike).size).toBe(alike.length)
})

it.each([
  ['/v1/chat/completions', writeChatRequest],
  ['/v1/messages', writeAnthropicRequest],
  ['/api/chat', writeOllamaRequest],
])('goes with the call and its result to %s', (_, write) => {
  const id = 'ä'.repeat(1_000_000)
  const conversation: Conversation = {
    model: 'm',
    turns: [
      { role: 'user', parts: [{ kind: 'text', text: 'Hi' }] },
      { role: 'assistant', parts: [{ kind: 'call', id, name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: id, name: 'f', isError: false, parts: [{ kind: 'text', text: 'x' }] },
    ],
    tools: [],
    sampling: {},
    wantsStream: false,
    dropped: [],
  }
  expect(JSON.stringify(write(conversation).body).split(boundedId(id))).toHaveLength(3)
})
