import type { JsonObject } from '../../src/formats/json-facts.ts'
import type { ChatClientName, MatrixServer } from './cells.ts'

/** One thing in the form of each client. */
export type ByChatClient = Readonly<Record<ChatClientName, JsonObject>>

/** Where a server is asked what does not pass as it came. */
export type ServerPath = '/api/chat' | '/v1/chat/completions' | '/v1/messages'

/** One thing in the form of each of those routes. */
export type ByServerPath = Readonly<Record<ServerPath, JsonObject>>

/** The route of a server that chats are put to. */
export function serverPath(server: MatrixServer): ServerPath {
  if (server === 'ollama' || server === 'old-ollama') return '/api/chat'
  return server === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'
}

/** The formats of those routes. */
export const PATH_FORMATS: Readonly<Record<ServerPath, string>> = {
  '/api/chat': 'ollama-chat',
  '/v1/chat/completions': 'openai-chat',
  '/v1/messages': 'anthropic-messages',
}

/** A user says something. */
export function saying(text: string): ByChatClient {
  const messages = [{ role: 'user', content: text }]
  return {
    'ollama-chat': { messages },
    'ollama-generate': { prompt: text },
    'openai-chat': { messages },
    'openai-completions': { prompt: text },
    'openai-responses': { input: text },
    'anthropic-messages': { messages },
  }
}

/** The same with more in each request. */
export function withMore(forms: ByChatClient, more: ByChatClient): ByChatClient {
  const both = Object.entries(forms).map(([name, form]) => [name, { ...form, ...more[name as ChatClientName] }])
  return Object.fromEntries(both) as ByChatClient
}

/** An answer of one text, as each client gets it. */
export function hearing(text: string): ByChatClient {
  return {
    'ollama-chat': { message: { role: 'assistant', content: text }, done: true, done_reason: 'stop' },
    'ollama-generate': { response: text, done: true, done_reason: 'stop' },
    'openai-chat': {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    },
    'openai-completions': { object: 'text_completion', choices: [{ index: 0, text, finish_reason: 'stop' }] },
    'openai-responses': {
      object: 'response',
      status: 'completed',
      output_text: text,
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
    },
    'anthropic-messages': { type: 'message', content: [{ type: 'text', text }], stop_reason: 'end_turn' },
  }
}
