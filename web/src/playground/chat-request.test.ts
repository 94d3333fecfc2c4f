import { describe, expect, it } from 'vitest'
import { type Chat, chatRequest, curlLine } from './chat-request.ts'

const chat: Chat = {
  dialect: 'openai',
  model: 'llama3.2',
  system: ' Be brief. ',
  temperature: 0.5,
  maxTokens: 64,
  messages: [{ role: 'user', text: 'Hello' }],
}

function bodyOf(change: Partial<Chat>): unknown {
  return JSON.parse(chatRequest({ ...chat, ...change }).body)
}

describe('chatRequest', () => {
  it('puts the system prompt and the limits where each dialect has them', () => {
    expect(bodyOf({})).toEqual({
      model: 'llama3.2',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 64,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    })
    expect(bodyOf({ dialect: 'anthropic' })).toEqual({
      model: 'llama3.2',
      stream: true,
      max_tokens: 64,
      temperature: 0.5,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Hello' }],
    })
    expect(bodyOf({ dialect: 'ollama' })).toEqual({
      model: 'llama3.2',
      stream: true,
      options: { temperature: 0.5, num_predict: 64 },
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    })
  })

  it('leaves out what is not set, but for the limit that Anthropic’s API wants', () => {
    const bare = { system: ' ', temperature: undefined, maxTokens: undefined }
    const messages = [{ role: 'user', content: 'Hello' }]
    expect(bodyOf(bare)).toEqual({ model: 'llama3.2', stream: true, stream_options: { include_usage: true }, messages })
    expect(bodyOf({ ...bare, dialect: 'anthropic' })).toEqual({
      model: 'llama3.2',
      stream: true,
      max_tokens: 4_096,
      messages,
    })
    expect(bodyOf({ ...bare, dialect: 'ollama' })).toEqual({ model: 'llama3.2', stream: true, messages })
  })
})

describe('curlLine', () => {
  it('holds no key, and nothing that a shell would read as anything but text', () => {
    const messages = [{ role: 'user', text: 'It\'s $HOME, `id` and "more"; rm \'' }] as const
    const line = curlLine('https://gateway.example.org', chatRequest({ ...chat, dialect: 'anthropic', messages }))
    expect(line.split('\n')).toEqual([
      'curl -N https://gateway.example.org/v1/messages \\',
      '  -H "authorization: Bearer $PUNKU_KEY" \\',
      "  -H 'content-type: application/json' \\",
      "  -H 'anthropic-version: 2023-06-01' \\",
      `  -d '{"model":"llama3.2","stream":true,"max_tokens":64,"temperature":0.5,"system":"Be brief.",` +
        `"messages":[{"role":"user","content":"It'\\''s $HOME, \`id\` and \\"more\\"; rm '\\''"}]}'`,
    ])
  })

  it('quotes an address that is no plain word', () => {
    expect(curlLine('https://[::1]:11435', chatRequest(chat))).toContain("curl -N 'https://[::1]:11435/v1/chat")
  })
})
