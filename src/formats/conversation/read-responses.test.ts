import type { ResponseCreateParams } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { CODEX } from '../../../test/support/tool-bodies.ts'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { Conversation } from './conversation.ts'
import { readResponsesRequest } from './read-responses.ts'
import { callFormsOf } from './responses/call-forms.ts'

const PICTURE = 'data:image/png;base64,iVBORw0KGgo='

function read(body: JsonObject): Conversation {
  return readResponsesRequest({ model: 'tiny', input: 'hi', ...body })
}

function turnsOf(...input: readonly object[]): unknown {
  return read({ input }).turns
}

/** The field that a body is refused for. */
function refused(body: JsonObject): string | undefined {
  try {
    read(body)
  } catch (error) {
    if (error instanceof PunkuError && error.code === 'invalid_request') return error.param
    throw error
  }
  throw new Error('the body was read')
}

describe('a request of /v1/responses', () => {
  it('of Codex is read whole', () => {
    const SCHEMA = CODEX.tools[0]?.parameters
    expect(readResponsesRequest(CODEX)).toEqual({
      model: 'tiny',
      turns: [
        { role: 'system', text: 'You are Codex.' },
        { role: 'system', text: 'Sandbox: read-only.' },
        {
          role: 'user',
          parts: [
            { kind: 'text', text: 'See https://example.org/image_url' },
            { kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
          ],
        },
        { role: 'assistant', parts: [{ kind: 'call', id: 'call_1', name: 'exec_command', arguments: '{"cmd":"ls"}' }] },
        {
          role: 'tool',
          callId: 'call_1',
          name: 'exec_command',
          isError: false,
          parts: [{ kind: 'text', text: 'a.txt' }],
        },
      ],
      tools: [
        { name: 'exec_command', description: 'Runs a command.', parameters: SCHEMA, isStrict: false },
        { name: 'mcp__read', parameters: SCHEMA, isStrict: false },
      ],
      toolChoice: 'auto',
      mayCallSeveral: true,
      sampling: {},
      thinking: { isOn: true, effort: 'medium' },
      running: { truncates: false },
      wantsStream: false,
      dropped: ['input.reasoning.encrypted_content', 'tools.web_search'],
    })
  })

  it("of OpenAI's own types is read", () => {
    const params: ResponseCreateParams = {
      model: 'tiny',
      instructions: 'Be brief.',
      input: 'hi',
      max_output_tokens: 64,
      temperature: 0,
      top_p: 0.5,
      stream: true,
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true } },
    }
    expect(readResponsesRequest(params as unknown as JsonObject)).toEqual({
      model: 'tiny',
      turns: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', parts: [{ kind: 'text', text: 'hi' }] },
      ],
      tools: [],
      sampling: { maxTokens: 64, temperature: 0, topP: 0.5 },
      output: { kind: 'schema', name: 'answer', schema: { type: 'object' }, isStrict: true },
      running: { truncates: false },
      wantsStream: true,
      dropped: [],
    })
  })

  it.each([
    ['none', { isOn: false }],
    ['minimal', { isOn: true, effort: 'low' }],
    ['low', { isOn: true, effort: 'low' }],
    ['medium', { isOn: true, effort: 'medium' }],
    ['high', { isOn: true, effort: 'high' }],
    ['xhigh', { isOn: true, effort: 'max' }],
    ['constructor', undefined],
    [null, undefined],
  ])('thinks with effort %s', (effort, thinking) => {
    expect(read({ reasoning: { effort } }).thinking).toEqual(thinking)
  })

  it('may ask for JSON', () => {
    expect(read({ text: { format: { type: 'json_object' } } }).output).toEqual({ kind: 'json' })
    expect(read({ text: { format: { type: 'text' } } }).output).toBeUndefined()
  })

  it('passes over what changes nothing', () => {
    const body = {
      ...{
        store: false,
        metadata: { a: 'b' },
        client_metadata: {},
        include: ['reasoning.encrypted_content'],
        user: 'u',
      },
      ...{
        prompt_cache_key: 'k',
        safety_identifier: 's',
        service_tier: 'auto',
        truncation: 'disabled',
        max_tool_calls: 3,
      },
      ...{ stream_options: { include_obfuscation: false }, reasoning: { summary: 'auto' }, text: { verbosity: 'low' } },
      ...{ background: false, previous_response_id: null, conversation: null, prompt: null },
    }
    expect(read(body)).toEqual(read({}))
  })

  it.each<[JsonObject, string[]]>([
    [{ prompt: { id: 'p' }, top_logprobs: 2, 'a b': 1 }, ['prompt', 'top_logprobs', 'unknown']],
    [{ truncation: 'middle' }, ['truncation']],
    [{ reasoning: { effort: 'extreme', depth: 1 } }, ['reasoning.depth', 'reasoning.effort']],
    [{ text: { format: { type: 'grammar' }, style: 1 } }, ['text.style', 'text.format']],
    [
      { tools: [{ type: 'mcp', server_label: 'x' }, { type: 'web_search_preview' }] },
      ['tools.mcp', 'tools.web_search_preview'],
    ],
    [{ tools: [{ type: 'web_search' }], tool_choice: 'required' }, ['tools.web_search', 'tool_choice']],
    [{ tool_choice: { type: 'web_search' } }, ['tool_choice.web_search']],
    [
      { input: [{ type: 'item_reference', id: 'x' }, { id: 'y' }, { type: 'compaction' }, { type: 'a b' }] },
      ['input.item_reference', 'input.compaction', 'input.unknown'],
    ],
    [
      {
        input: [
          { type: 'reasoning', summary: [{ text: 'Hm.' }] },
          { role: 'user', content: 'hi' },
        ],
      },
      ['input.reasoning'],
    ],
  ])('names what it cannot carry: %j', (body, dropped) => {
    expect(read(body).dropped).toEqual(dropped)
  })

  it('names what items and parts say beside what is known', () => {
    const content = [
      { type: 'input_text', text: 'a', size: 1 },
      { type: 'input_image', image_url: PICTURE, file_id: 'f' },
      { type: 'input_file', file_data: 'data:text/plain,a', file_url: 'https://x/' },
    ]
    const input = [
      { role: 'user', content, mood: 'glad' },
      { type: 'reasoning', summary: [], depth: 1 },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'a', parsed: {} },
          { type: 'refusal', refusal: 'b', why: 1 },
        ],
      },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}', async: true, caller: { type: 'program' } },
      { type: 'function_call_output', call_id: 'a', output: [{ type: 'text', text: 'x', page: 1 }], took_ms: 1 },
      { type: 'custom_tool_call', call_id: 'b', name: 'g', input: '', arguments: 'x' },
      { type: 'custom_tool_call_output', call_id: 'b', output: '', 'a b': 1 },
    ]
    expect(read({ input }).dropped).toEqual([
      ...['input.message.mood', 'input.input_text.size', 'input.input_image.file_id', 'input.input_file.file_url'],
      ...['input.reasoning.depth', 'input.output_text.parsed', 'input.refusal.why'],
      ...['input.function_call.async', 'input.function_call.caller'],
      ...['input.function_call_output.took_ms', 'input.text.page'],
      ...['input.custom_tool_call.arguments', 'input.custom_tool_call_output.unknown'],
    ])
  })

  it('passes over what Codex gives back with an answer', () => {
    const done = { id: 'x_1', status: 'completed' }
    const text = { type: 'output_text', text: 'I look.', annotations: [{ type: 'url_citation' }], logprobs: [{}] }
    const input = [
      {
        type: 'message',
        id: 'msg_0',
        role: 'user',
        content: [{ type: 'input_text', text: 'hi', prompt_cache_breakpoint: {} }],
      },
      { ...done, type: 'message', role: 'assistant', phase: 'commentary', content: [text] },
      { ...done, type: 'function_call', call_id: 'a', name: 'f', arguments: '{}', caller: { type: 'direct' } },
      { ...done, type: 'function_call_output', call_id: 'a', name: 'f', namespace: null, output: 'x' },
      { ...done, type: 'custom_tool_call', call_id: 'b', name: 'g', input: 'x' },
      { ...done, type: 'custom_tool_call_output', call_id: 'b', name: 'g', output: 'x' },
    ]
    expect(read({ input }).dropped).toEqual([])
  })

  it('names no more than a few dozen of them', () => {
    const body = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, 1]))
    expect(read(body).dropped).toHaveLength(65)
    expect(read(body).dropped.at(-1)).toBe('more')
  })

  it.each<[JsonObject, string]>([
    [{ model: 7 }, 'model'],
    [{ model: '' }, 'model'],
    [{ input: null }, 'input'],
    [{ input: [7] }, 'input[0]'],
    [{ input: [{}] }, 'input[0].type'],
    [{ input: [{ type: 7 }] }, 'input[0].type'],
    [{ input: [{ role: 'tool', content: '' }] }, 'input[0].role'],
    [{ input: [{ role: 'user', content: 7 }] }, 'input[0].content'],
    [{ input: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 'input[0].content[0].type'],
    [{ input: [{ role: 'user', content: [{ type: 'input_text', text: 7 }] }] }, 'input[0].content[0].text'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'ftp://x/' }] }] },
      'input[0].content[0].image_url',
    ],
    [{ input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] }, 'input[0].content[0].image_url'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://x/' }] }] },
      'input[0].content[0].file_data',
    ],
    [
      { input: [{ role: 'user', content: [{ type: 'input_file', file_data: 'data:text/plain;base64,/w==' }] }] },
      'input[0].content[0].file_data',
    ],
    [{ input: [{ role: 'system', content: [{ type: 'input_image', image_url: PICTURE }] }] }, 'input[0].content'],
    [{ input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }, 'input[0].call_id'],
    [{ input: [{ type: 'function_call', call_id: 'a', arguments: '{}' }] }, 'input[0].name'],
    [{ input: [{ type: 'function_call', call_id: 'a', name: 'f', arguments: {} }] }, 'input[0].arguments'],
    [{ input: [{ type: 'function_call_output', call_id: 'a', output: {} }] }, 'input[0].output'],
    [{ instructions: ['x'] }, 'instructions'],
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: { id: 'c' } }, 'conversation'],
    [{ background: true }, 'background'],
    [{ tools: {} }, 'tools'],
    [{ tools: [{ name: 'f' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ tools: [{ type: 'function', name: 'f', parameters: 'x' }] }, 'tools[0].parameters'],
    [{ tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function' }] }] }, 'tools[0].tools[0].name'],
    [{ tool_choice: 'constructor' }, 'tool_choice'],
    [{ tool_choice: { type: 'function', name: 'f' } }, 'tool_choice'],
    [{ parallel_tool_calls: 'yes' }, 'parallel_tool_calls'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ temperature: '1' }, 'temperature'],
    [{ top_p: Number.NaN }, 'top_p'],
    [{ reasoning: { effort: 3 } }, 'reasoning.effort'],
    [{ text: { format: { type: 'json_schema', name: 'a' } } }, 'text.format.schema'],
    [{ stream: 'true' }, 'stream'],
  ])('is refused where a meaning depends on it: %j', (body, param) => {
    expect(refused(body)).toBe(param)
  })

  it('is told to send the whole input where it counts on an earlier one', () => {
    expect(() => read({ previous_response_id: 'resp_1' })).toThrow(/keeps no conversations.*Send the whole input/)
  })
})

describe('the turns', () => {
  it('have what an assistant says in a row as one, with its thoughts before it', () => {
    const items = [
      { role: 'user', content: 'hi' },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], content: null, encrypted_content: null },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
      {
        type: 'reasoning',
        summary: [{ text: 'short' }],
        content: [{ type: 'reasoning_text', text: 'Two' }, { text: 'calls.' }],
      },
      { type: 'function_call', call_id: 'a', name: 'read', namespace: 'mcp__files__', arguments: '{"p":1}' },
      { type: 'custom_tool_call', call_id: 'b', name: 'apply_patch', input: '***' },
      { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'ok' }] },
      { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_image', image_url: PICTURE }] },
      { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    ]
    expect(turnsOf(...items)).toEqual([
      { role: 'user', parts: [{ kind: 'text', text: 'hi' }] },
      {
        role: 'assistant',
        parts: [
          { kind: 'thinking', text: 'Hm.' },
          { kind: 'text', text: 'I look.' },
          { kind: 'thinking', text: 'Two\n\ncalls.' },
          { kind: 'call', id: 'a', name: 'mcp__files__read', arguments: '{"p":1}' },
          { kind: 'call', id: 'b', name: 'apply_patch', arguments: '{"input":"***"}' },
        ],
      },
      { role: 'tool', callId: 'b', name: 'apply_patch', isError: false, parts: [{ kind: 'text', text: 'ok' }] },
      {
        role: 'tool',
        callId: 'a',
        name: 'mcp__files__read',
        isError: false,
        parts: [{ kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }],
      },
      { role: 'assistant', parts: [{ kind: 'text', text: 'No.' }] },
    ])
  })

  it('have what a tool gave right behind its call, and stay in place without one', () => {
    const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '' }
    const output = { type: 'function_call_output', call_id: 'a', output: 'x' }
    const tool = { role: 'tool', callId: 'a', isError: false, parts: [{ kind: 'text', text: 'x' }] }
    expect(turnsOf(call, { role: 'developer', content: 'Stop.' }, output)).toEqual([
      { role: 'assistant', parts: [{ kind: 'call', id: 'a', name: 'f', arguments: '{}' }] },
      { ...tool, name: 'f' },
      { role: 'system', text: 'Stop.' },
    ])
    expect(turnsOf(output)).toEqual([{ ...tool, name: undefined }])
  })

  it('of an assistant end where somebody else speaks', () => {
    const said = (role: string, text: string) => ({
      role,
      content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }],
    })
    const turn = (role: string, text: string) => ({ role, parts: [{ kind: 'text', text }] })
    expect(turnsOf(said('assistant', 'a'), said('user', 'b'), said('assistant', 'c'))).toEqual([
      turn('assistant', 'a'),
      turn('user', 'b'),
      turn('assistant', 'c'),
    ])
  })

  it('have nothing of a call that is not carried', () => {
    const shell = { type: 'local_shell_call', call_id: 'a', action: {} }
    const { turns, dropped } = read({ input: [shell, { type: 'function_call_output', call_id: 'a', output: 'x' }] })
    expect([turns, dropped]).toEqual([[], ['input.local_shell_call', 'input.function_call_output']])
  })

  it('have the text of a plain file', () => {
    const file = (file_data: string, filename?: string) => {
      return turnsOf({ role: 'user', content: [{ type: 'input_file', file_data, filename }] })
    }
    const user = (text: string) => [{ role: 'user', parts: [{ kind: 'text', text }] }]
    expect(file('data:text/plain;base64,w6QK', 'a.txt')).toEqual(user('a.txt:\n\nä\n'))
    expect(file('data:text/plain;charset=utf-8,a%20b')).toEqual(user('a b'))
  })
})

describe('the tools', () => {
  const tools = [
    { type: 'function', name: 'run', parameters: null, strict: null },
    { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
    {
      type: 'namespace',
      name: 'mcp__files__',
      tools: [
        { type: 'function', name: 'read' },
        { type: 'custom', name: 'edit' },
      ],
    },
    { type: 'function', name: 'run' },
  ]

  it('are functions, each of one name', () => {
    const input = { type: 'string' }
    const custom = { type: 'object', required: ['input'], additionalProperties: false }
    const described = { ...input, description: 'It must match this grammar (lark):\nstart: "x"' }
    expect(read({ tools })).toMatchObject({
      tools: [
        { name: 'run', parameters: { type: 'object', properties: {} } },
        { name: 'apply_patch', parameters: { ...custom, properties: { input: described } } },
        { name: 'mcp__files__read', parameters: { type: 'object', properties: {} } },
        { name: 'mcp__files__edit', parameters: { ...custom, properties: { input } } },
      ],
      dropped: ['tools.custom.format', 'tools.duplicate'],
    })
  })

  it('are known by their own forms for the answer', () => {
    expect([...callFormsOf({ tools })]).toEqual([
      ['apply_patch', { kind: 'custom', name: 'apply_patch' }],
      ['mcp__files__read', { kind: 'function', name: 'read', namespace: 'mcp__files__' }],
      ['mcp__files__edit', { kind: 'custom', name: 'edit', namespace: 'mcp__files__' }],
    ])
    expect(callFormsOf({ tools: 'x' }).size).toBe(0)
  })

  it.each([
    ['none', 'none'],
    ['required', 'any'],
    [{ type: 'function', name: 'run' }, { name: 'run' }],
    [{ type: 'custom', name: 'apply_patch' }, { name: 'apply_patch' }],
    [{ type: 'function', name: 'read', namespace: 'mcp__files__' }, { name: 'mcp__files__read' }],
    [{ type: 'function', name: 'read' }, { name: 'mcp__files__read' }],
  ])('are chosen by %j', (choice, expected) => {
    expect(read({ tools, tool_choice: choice }).toolChoice).toEqual(expected)
  })
})
