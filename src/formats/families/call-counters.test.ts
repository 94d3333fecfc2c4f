import { describe, expect, test } from 'vitest'
import type { FormatName } from '../format.ts'
import { FORMATS } from '../formats.ts'
import type { JsonObject } from '../json-facts.ts'
import { OTHER_TOOLS } from '../tool-calls.ts'

/** What a stream of these frames calls. */
function streamed(format: FormatName, ...frames: readonly JsonObject[]) {
  const { stream } = FORMATS[format]
  if (stream === undefined) throw new Error(`${format} has no streams`)
  const observer = stream.observe()
  const isLines = stream.framing === 'lines'
  for (const frame of frames) {
    const text = JSON.stringify(frame)
    observer.push(Buffer.from(isLines ? `${text}\n` : `data: ${text}\n\n`))
  }
  return Object.fromEntries(observer.toolCalls)
}

const whole = (format: FormatName, answer: JsonObject) =>
  Object.fromEntries(FORMATS[format].readAnswer(Buffer.from(JSON.stringify(answer))).toolCalls)

const text = { choices: [{ index: 0, delta: { content: 'a word' } }] }
const words = [text, text, text, text]
const piece = (call: JsonObject, choice = 0) => ({ choices: [{ index: choice, delta: { tool_calls: [call] } }] })
const named = (index: number, id: string | undefined, name: string) =>
  piece({ index, id, function: { name, arguments: '' } })
const argued = (index: number, given: string) => piece({ index, function: { arguments: given } })

describe('calls in completions', () => {
  test('count once each, in however many pieces and whatever is in these', () => {
    const quoted = argued(0, '{"tool_calls":[{"function":{"name":"Fake"}}]}')
    const frames = [
      named(0, 'c1', 'Read'),
      quoted,
      argued(0, '"name":'),
      named(1, 'c2', 'Read'),
      named(2, 'c3', 'Bash'),
    ]
    expect(streamed('openai-chat', ...words, ...frames)).toEqual({ Read: 2, Bash: 1 })
  })

  test('count once where a server names the tool in each piece, and apart where it tells all under one index', () => {
    expect(
      streamed('openai-chat', named(0, 'c1', 'Read'), named(0, 'c1', 'Read'), named(0, undefined, 'Read')),
    ).toEqual({ Read: 1 })
    expect(streamed('openai-chat', named(0, 'c1', 'Read'), named(0, 'c2', 'Read'))).toEqual({ Read: 2 })
  })

  test('count in each choice, and in the form before there were several', () => {
    const call = { index: 0, id: 'c', function: { name: 'Read', arguments: '{}' } }
    expect(streamed('openai-chat', ...words, piece(call, 0), piece(call, 1))).toEqual({ Read: 2 })
    const old = { choices: [{ delta: { function_call: { name: 'Old', arguments: '' } } }] }
    const more = { choices: [{ delta: { function_call: { arguments: '{}' } } }] }
    expect(streamed('openai-chat', ...words, old, more)).toEqual({ Old: 1 })
  })

  test('are not what a model says of them', () => {
    const said = { choices: [{ delta: { content: '"tool_calls":[{"function":{"name":"Fake"}}]' } }] }
    expect(streamed('openai-chat', ...words, said)).toEqual({})
  })

  test('count in a whole answer, however long what they are given', () => {
    const of = (name: string) => ({ id: name, function: { name, arguments: 'a'.repeat(100_000) } })
    const message = { content: null, tool_calls: [of('Write'), of('Write'), of('Read')] }
    // They have one id each, as no server gives two the same.
    expect(whole('openai-chat', { choices: [{ message }] })).toEqual({ Write: 2, Read: 1 })
  })
})

test('a frame of nothing but beginnings of calls is looked through in one go', () => {
  // What takes a time by the square of this would take minutes.
  const frame = Buffer.from(`data: ${'_calls":['.repeat(100_000)}\n\n`)
  for (const format of ['openai-chat', 'openai-responses', 'anthropic-messages', 'ollama-chat'] as const) {
    const observer = FORMATS[format].stream?.observe()
    for (let count = 0; count < 10; count++) observer?.push(frame)
    expect(observer?.toolCalls.size).toBe(0)
  }
})

test('calls in messages count once each, and not those that the server runs', () => {
  const begin = (index: number, block: JsonObject) => ({ type: 'content_block_start', index, content_block: block })
  const call = (id: string, name: string) => ({ type: 'tool_use', id, name, input: {} })
  const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }
  const pings = Array.from({ length: 4 }, () => ({ type: 'ping' }))
  const end = { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }
  const frames = [begin(0, call('t1', 'Read')), begin(1, search), begin(2, call('t2', 'Read')), end]
  expect(streamed('anthropic-messages', ...pings, ...frames)).toEqual({ Read: 2 })
  const content = [{ type: 'text', text: 'tool_use' }, call('t1', 'Read'), search, call('t2', 'Task')]
  expect(whole('anthropic-messages', { content })).toEqual({ Read: 1, Task: 1 })
})

test('calls in responses count once, though each is told twice; custom tools, groups and shells by their names', () => {
  const items = [
    { type: 'function_call', id: 'i1', call_id: 'c1', name: 'read', status: 'completed' },
    { type: 'function_call', id: 'i2', call_id: 'c2', name: 'find', namespace: 'mcp__docs', status: 'completed' },
    { type: 'custom_tool_call', id: 'i3', call_id: 'c3', name: 'apply_patch', status: 'completed' },
    { type: 'local_shell_call', id: 'i4', call_id: 'c4', status: 'completed' },
    { type: 'message', id: 'i5', status: 'completed', content: [] },
  ]
  const expected = { read: 1, 'mcp__docs.find': 1, apply_patch: 1, local_shell: 1 }
  const events = items.flatMap((item, index) => [
    { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress' } },
    { type: 'response.output_item.done', output_index: index, item },
  ])
  const ended = { type: 'response.completed', response: { status: 'completed', output: items } }
  expect(streamed('openai-responses', ...events, ended)).toEqual(expected)
  expect(streamed('openai-responses', ended)).toEqual(expected)
  expect(whole('openai-responses', { status: 'completed', output: items })).toEqual(expected)
})

test('calls in lines of Ollama count as they come', () => {
  const line = (...names: readonly string[]) => ({
    message: { tool_calls: names.map((name) => ({ function: { name, arguments: {} } })) },
    done: false,
  })
  const text = { message: { content: 'a' }, done: false }
  const frames = [text, text, text, text, line('Read'), line('Read', 'Bash'), { done: true }]
  expect(streamed('ollama-chat', ...frames)).toEqual({ Read: 2, Bash: 1 })
  expect(whole('ollama-chat', { ...line('Read'), done: true })).toEqual({ Read: 1 })
})

test('names that are too many, too long or not plain are summed under one', () => {
  const names = [
    ...Array.from({ length: 40 }, (_, at) => `tool_${at}`),
    'a'.repeat(129),
    'two words',
    '\u001b[31m',
    'tool_0',
  ]
  const calls = whole('ollama-chat', { message: { tool_calls: names.map((name) => ({ function: { name } })) } })
  expect(Object.keys(calls)).toHaveLength(33)
  expect(calls).toMatchObject({ tool_0: 2, tool_31: 1, [OTHER_TOOLS]: 11 })
})

test('whatever stands where calls are told is no call', () => {
  for (const value of [null, 7, 'x', [7, null, {}], { a: 1 }]) {
    expect(streamed('openai-chat', { choices: [{ delta: { tool_calls: value, function_call: value } }] })).toEqual({})
    expect(streamed('ollama-chat', { message: { tool_calls: value } })).toEqual({})
    expect(streamed('anthropic-messages', { type: 'content_block_start', content_block: value })).toEqual({})
    expect(streamed('openai-responses', { type: 'response.output_item.done', item: value })).toEqual({})
    expect(whole('openai-responses', { output: value, _call: 1 })).toEqual({})
  }
})
