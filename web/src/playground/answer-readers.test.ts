import { describe, expect, it } from 'vitest'
import {
  type AnswerPart,
  type AnswerReader,
  errorText,
  readAnthropic,
  readOllama,
  readOpenai,
} from './answer-readers.ts'
import { FrameSplitter } from './frames.ts'

function read(reader: AnswerReader, framing: 'events' | 'lines', lines: readonly string[]): AnswerPart[] {
  const splitter = new FrameSplitter(framing)
  const text = lines.map((line) => `${line}\n`).join(framing === 'events' ? '\n' : '')
  return [...splitter.push(framing === 'events' ? `${text}\n` : text), ...splitter.end()].flatMap(reader)
}

const text = (value: string): AnswerPart => ({ kind: 'text', text: value })
const reasoning = (value: string): AnswerPart => ({ kind: 'reasoning', text: value })

describe('readOpenai', () => {
  it('reads text, both spellings of reasoning, the reason of the end and the usage', () => {
    expect(
      read(readOpenai, 'events', [
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
      { kind: 'tokens', prompt: 10, completion: 2 },
      { kind: 'end' },
    ])
  })

  it('tells an error as a chunk and as an event of that name', () => {
    expect(read(readOpenai, 'events', ['data: {"error":{"message":"The key was revoked.","code":"x"}}'])).toEqual([
      { kind: 'failed', message: 'The key was revoked.' },
    ])
    expect(read(readOpenai, 'events', ['event: error\ndata: {"message":"the model has crashed"}'])).toEqual([
      { kind: 'failed', message: 'the model has crashed' },
    ])
  })

  it('passes over what it does not know', () => {
    const odd = ['data: no json', 'data: [1]', 'data: null', 'data: {"choices":"?"}', 'data: {"choices":[{"delta":7}]}']
    expect(read(readOpenai, 'events', odd)).toEqual([])
  })
})

describe('readAnthropic', () => {
  it('reads thinking, text, usage with what came from a cache, and the end', () => {
    expect(
      read(readAnthropic, 'events', [
        'event: message_start\ndata: {"type":"message_start","message":{"usage":{"cache_read_input_tokens":21,"input_tokens":1,"output_tokens":0}}}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}',
        'event: ping\ndata: {"type":"ping"}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" Hello"}}',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
      ]),
    ).toEqual([
      { kind: 'tokens', prompt: 22, completion: undefined },
      reasoning('Hm'),
      text(' Hello'),
      { kind: 'stop', reason: 'end_turn' },
      { kind: 'tokens', prompt: undefined, completion: 8 },
      { kind: 'end' },
    ])
  })

  it('tells an error inside the stream', () => {
    const event = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    expect(read(readAnthropic, 'events', [event])).toEqual([{ kind: 'failed', message: 'Overloaded' }])
  })
})

describe('readOllama', () => {
  it('reads thinking, text, counts and the end', () => {
    expect(
      read(readOllama, 'lines', [
        '{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}',
        '{"model":"m","message":{"role":"assistant","content":", 世界"},"done":false}',
        '{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":5}',
      ]),
    ).toEqual([
      reasoning('Hm'),
      text(', 世界'),
      { kind: 'stop', reason: 'stop' },
      { kind: 'tokens', prompt: 26, completion: 5 },
      { kind: 'end' },
    ])
  })

  it('tells an error inside the stream', () => {
    expect(read(readOllama, 'lines', ['{"error":"CUDA error: out of memory"}'])).toEqual([
      { kind: 'failed', message: 'CUDA error: out of memory' },
    ])
  })
})

describe('errorText', () => {
  it('finds the words in each dialect’s error', () => {
    expect(errorText('{"error":{"message":"No such model.","code":"model_not_found"}}', 404)).toBe('No such model.')
    expect(errorText('{"type":"error","error":{"type":"x","message":"Not allowed."}}', 403)).toBe('Not allowed.')
    expect(errorText('{"error":"model is busy"}', 503)).toBe('model is busy')
  })

  it('says the status where there are none', () => {
    for (const body of ['', '<html>', '{"error":{}}', '{"error":""}']) expect(errorText(body, 502)).toContain('502')
  })
})
