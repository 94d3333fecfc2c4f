import { expect } from 'vitest'
import { SCRIPTED_TOOL_ARGUMENTS } from '../support/scripted/answer.ts'
import type { ByChatClient, ByServerPath } from './chat-forms.ts'
import { saying, withMore } from './chat-forms.ts'

/** What each tool here takes. */
const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string' } },
  required: ['city'],
} as const

const WHAT = { weather: 'The weather in a city.', tides: 'The tides at a city.' } as const
type ToolName = keyof typeof WHAT

/** A whole answer has null; of the pieces of a stream, of which the first may be empty, the library makes a text. */
const NOTHING = expect.toBeOneOf([null, ''])

/** These tools in the form of each client. Of completions and generate they are no part. */
export function offering(...names: readonly ToolName[]): ByChatClient {
  const functions = { tools: names.map(functionOf) }
  const flat = { tools: names.map((name) => ({ type: 'function', strict: false, ...functionOf(name).function })) }
  return {
    'ollama-chat': functions,
    'ollama-generate': functions,
    'openai-chat': functions,
    'openai-completions': functions,
    'openai-responses': flat,
    'anthropic-messages': { tools: names.map(claudeTool) },
  }
}

/** The same as servers are offered them. */
export function offered(...names: readonly ToolName[]): ByServerPath {
  const functions = { tools: names.map(functionOf) }
  return {
    '/api/chat': functions,
    '/v1/chat/completions': functions,
    '/v1/messages': { tools: names.map(claudeTool) },
  }
}

/** A user asks something that the tools know. */
export function askingTools(...names: readonly ToolName[]): ByChatClient {
  return withMore(saying('What is it like in Cuzco?'), offering(...names))
}

/** An answer that calls these, as each client that can gets it. Their ids are their server's. */
export function hearingCalls(...names: readonly ToolName[]): ByChatClient {
  const id = expect.any(String)
  const made = names.map((name, at) => ({ name, input: { ...SCRIPTED_TOOL_ARGUMENTS, ...(at > 0 && { at }) } }))
  const told = made.map(({ name, input }) => ({ name, arguments: JSON.stringify(input) }))
  const called = made.map(({ name, input }) => ({ function: { name, arguments: input } }))
  const calls = told.map((call) => ({ id, type: 'function', function: call }))
  return {
    'ollama-chat': { message: { role: 'assistant', content: '', tool_calls: called }, done: true, done_reason: 'stop' },
    'ollama-generate': {},
    'openai-chat': { choices: [{ message: { content: NOTHING, tool_calls: calls }, finish_reason: 'tool_calls' }] },
    'openai-completions': {},
    'openai-responses': {
      status: 'completed',
      output_text: '',
      output: told.map((call) => ({ type: 'function_call', call_id: id, ...call })),
    },
    'anthropic-messages': {
      content: made.map((call) => ({ type: 'tool_use', id, ...call })),
      stop_reason: 'tool_use',
    },
  }
}

function functionOf(name: ToolName) {
  return { type: 'function', function: { name, description: WHAT[name], parameters: PARAMETERS } }
}

function claudeTool(name: ToolName) {
  return { name, description: WHAT[name], input_schema: PARAMETERS }
}
