import { describe, expect, it } from 'vitest'
import { type AnswerPart, UNREADABLE_PART } from './answer-parts.ts'
import type { FormatName } from './format.ts'
import { FORMATS } from './formats.ts'
import { FrameSplitter, frameReader } from './frames.ts'

function read(format: FormatName, frames: readonly string[]): readonly AnswerPart[] {
  const { stream } = FORMATS[format]
  if (stream === undefined) throw new Error(`${format} has no streams`)
  const end = stream.framing === 'events' ? '\n\n' : '\n'
  const splitter = new FrameSplitter(stream.framing)
  const bytes = new TextEncoder().encode(frames.map((frame) => frame + end).join(''))
  return [...splitter.push(bytes), ...splitter.end()].flatMap(frameReader(stream))
}

function usage(promptTokens: number | undefined, completionTokens: number | undefined, cachedTokens?: number) {
  return { kind: 'usage', usage: { promptTokens, completionTokens, cachedTokens } }
}

const text = (value: string): AnswerPart => ({ kind: 'text', text: value })
const reasoning = (value: string): AnswerPart => ({ kind: 'reasoning', text: value })

describe('openai-chat', () => {
  it('reads text, both spellings of reasoning, the reason of the end and the usage', () => {
    expect(
      read('openai-chat', [
        'data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]}',
        'data: {"choices":[{"index":0,"delta":{"reasoning":"Think"}}]}',
        'data: {"choices":[{"index":0,"delta":{"reasoning_content":"ing"}}],"usage":null}',
        'data: {"choices":[{"index":0,"delta":{"content":" Grüß"},"finish_reason":null}]}',
        ': keep-alive',
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}',
        'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}',
        'data: [DONE]',
      ]),
    ).toEqual([
      reasoning('Think'),
      reasoning('ing'),
      text(' Grüß'),
      { kind: 'stop', reason: 'length' },
      usage(10, 2),
      { kind: 'end' },
    ])
  })

  it('tells an error as a chunk and as an event of that name', () => {
    expect(read('openai-chat', ['data: {"error":{"message":"The key was revoked.","code":"x"}}'])).toEqual([
      { kind: 'failed', message: 'The key was revoked.' },
    ])
    expect(read('openai-chat', ['event: error\ndata: {"message":"the model has crashed"}'])).toEqual([
      { kind: 'failed', message: 'the model has crashed' },
    ])
  })

  it('passes over what it does not know', () => {
    const odd = ['data: {"choices":"?"}', 'data: {"choices":[{"delta":7}]}', 'event: x\ndata: {"y":1}']
    const silent = ['data:', 'data: null', ': ping', 'event: ping', 'id: 7', '']
    expect(read('openai-chat', [...odd, ...silent])).toEqual([])
  })

  it.each([
    'data: no json',
    'data: [1]',
    'data: {"choices":[{"delta":{"content":"lo',
    'data: "text"',
    'event: error\ndata: it crashed',
  ])('fails by what it cannot read: %j', (frame) => {
    expect(read('openai-chat', [frame])).toEqual([UNREADABLE_PART])
  })
})

describe('anthropic-messages', () => {
  it('reads thinking, text, usage with what came from a cache, and the end', () => {
    expect(
      read('anthropic-messages', [
        'event: message_start\ndata: {"type":"message_start","message":{"usage":{"cache_read_input_tokens":21,"input_tokens":1,"output_tokens":0}}}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}',
        'event: ping\ndata: {"type":"ping"}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" Hello"}}',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
      ]),
    ).toEqual([
      usage(22, undefined, 21),
      reasoning('Hm'),
      text(' Hello'),
      { kind: 'stop', reason: 'end_turn' },
      usage(22, 8, 21),
      { kind: 'end' },
    ])
  })

  it('tells an error inside the stream', () => {
    const event = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    expect(read('anthropic-messages', [event])).toEqual([{ kind: 'failed', message: 'Overloaded' }])
  })
})

describe.each<[FormatName, (name: string) => string]>([
  [
    'openai-chat',
    (name) => `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"${name}"}}]}}]}`,
  ],
  ['ollama-chat', (name) => `{"message":{"tool_calls":[{"function":{"name":"${name}","arguments":{}}}]}}`],
  [
    'anthropic-messages',
    (name) => `data: {"type":"content_block_start","content_block":{"type":"tool_use","id":"a","name":"${name}"}}`,
  ],
])('a call in %s', (format, frameOf) => {
  it('fails where its name is too long to be read', () => {
    expect(read(format, [frameOf('f'.repeat(512))])[0]).toMatchObject({ kind: 'call', name: 'f'.repeat(512) })
    expect(read(format, [frameOf('f'.repeat(513))])).toEqual([UNREADABLE_PART])
  })
})

describe('the end of a stream in the way of another format', () => {
  it('says nothing', () => {
    expect(read('anthropic-messages', ['data: [DONE]'])).toEqual([])
  })
})

describe('ollama-chat', () => {
  it('fails by a line that it cannot read', () => {
    expect(read('ollama-chat', ['{"message":{"content":"Hi"}}', '{"message":{"con'])).toEqual([
      text('Hi'),
      UNREADABLE_PART,
    ])
  })

  it('reads thinking, text, counts and the end', () => {
    expect(
      read('ollama-chat', [
        '{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}',
        '{"model":"m","message":{"role":"assistant","content":", 世界"},"done":false}',
        '{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":5}',
      ]),
    ).toEqual([reasoning('Hm'), text(', 世界'), { kind: 'stop', reason: 'stop' }, usage(26, 5), { kind: 'end' }])
  })

  it('tells an error inside the stream', () => {
    expect(read('ollama-chat', ['{"error":"CUDA error: out of memory"}'])).toEqual([
      { kind: 'failed', message: 'CUDA error: out of memory' },
    ])
  })
})

describe('openai-responses', () => {
  it('reads reasoning, text, the reason of the end and the usage', () => {
    expect(
      read('openai-responses', [
        'event: response.created\ndata: {"type":"response.created","response":{"model":"m","status":"in_progress"}}',
        'data: {"type":"response.reasoning_text.delta","delta":"Hm"}',
        'data: {"type":"response.output_text.delta","delta":"Hello"}',
        'data: {"type":"response.output_text.done","text":"Hello"}',
        'data: {"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":9,"output_tokens":3}}}',
      ]),
    ).toEqual([
      reasoning('Hm'),
      text('Hello'),
      { kind: 'stop', reason: 'max_output_tokens' },
      usage(9, 3),
      { kind: 'end' },
    ])
  })

  it('tells both kinds of failure', () => {
    const failed = 'data: {"type":"response.failed","response":{"error":{"message":"Out of memory."}}}'
    expect(read('openai-responses', [failed])).toEqual([{ kind: 'failed', message: 'Out of memory.' }])
    const error = 'data: {"type":"error","code":"x","message":"It crashed.","param":null}'
    expect(read('openai-responses', [error])).toEqual([{ kind: 'failed', message: 'It crashed.' }])
  })
})

describe('the other formats', () => {
  it('read text, counts and the end', () => {
    expect(
      read('ollama-generate', ['{"response":"Hi","done":false}', '{"response":"","done":true,"eval_count":2}']),
    ).toEqual([text('Hi'), usage(undefined, 2), { kind: 'end' }])
    expect(read('openai-completions', ['data: {"choices":[{"text":"Hi"}]}', 'data: [DONE]'])).toEqual([
      text('Hi'),
      { kind: 'end' },
    ])
    expect(
      read('llama-completion', [
        'data: {"content":"Hi","stop":false}',
        'data: {"content":"","stop":true,"stop_type":"eos","tokens_evaluated":3,"tokens_predicted":1}',
      ]),
    ).toEqual([text('Hi'), { kind: 'stop', reason: 'eos' }, usage(3, 1), { kind: 'end' }])
    expect(read('ollama-progress', ['{"status":"pulling manifest"}', '{"status":"success"}'])).toEqual([
      { kind: 'end' },
    ])
  })
})
