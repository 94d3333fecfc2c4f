import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { FORMATS } from '../formats.ts'
import { renderAnthropic } from './render-anthropic.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 0 }

const text = (value: string): AnswerPart => ({ kind: 'text', text: value })
const reasoning = (value: string): AnswerPart => ({ kind: 'reasoning', text: value })
const call = (index: number, id: string, name: string): AnswerPart => ({ kind: 'call', index, id, name })
const args = (index: number, value: string): AnswerPart => ({ kind: 'arguments', index, text: value })
const usage = (promptTokens?: number, completionTokens?: number, cachedTokens?: number): AnswerPart => ({
  kind: 'usage',
  usage: { promptTokens, completionTokens, cachedTokens },
})
const stop = (reason: string): AnswerPart => ({ kind: 'stop', reason })
const END: AnswerPart = { kind: 'end' }

const frames = (...parts: readonly AnswerPart[]) => renderAnthropic(HEAD).frames(parts)
const whole = (...parts: readonly AnswerPart[]) => JSON.parse(renderAnthropic(HEAD).whole(parts))

/** The data of each event, whose name must be its type. */
function events(...parts: readonly AnswerPart[]) {
  return frames(...parts)
    .split('\n\n')
    .slice(0, -1)
    .map((event) => {
      const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
      const parsed = JSON.parse(data)
      expect(parsed.type).toBe(name)
      return parsed
    })
}

/** The events in short: `+` opens a block, `-` closes it, and what it says stands between. */
function outline(...parts: readonly AnswerPart[]): string {
  return events(...parts)
    .map((event) => {
      const { index, content_block: block, delta } = event
      switch (event.type) {
        case 'content_block_start':
          return `+${index}:${block.name ?? block.type}`
        case 'content_block_delta':
          return delta.text ?? delta.thinking ?? delta.partial_json
        case 'content_block_stop':
          return `-${index}`
        default:
          return event.type
      }
    })
    .join(' ')
}

describe('the events', () => {
  it('are those of the API, to the letter', () => {
    expect(
      frames(
        usage(9, undefined),
        reasoning('Hm'),
        text('Hi'),
        call(0, 'call_1', 'f'),
        args(0, '{"a":1}'),
        stop('tool_calls'),
        usage(undefined, 7),
        END,
      ),
    ).toBe(
      [
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_x1","type":"message","role":"assistant","model":"qwen3","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":0}}}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}}',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":2}',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":9,"output_tokens":7}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
        '',
      ].join('\n\n'),
    )
  })

  it('come with the parts: a block stays open for more of its kind', () => {
    const renderer = renderAnthropic(HEAD)
    expect(renderer.frames([])).toBe('')
    expect(renderer.frames([usage(3)])).toBe('')
    expect(renderer.frames([text('a')]).match(/^event: .*/gm)).toHaveLength(3)
    expect(renderer.frames([text('b')]).match(/^event: .*/gm)).toEqual(['event: content_block_delta'])
    expect(renderer.frames([END]).match(/^event: .*/gm)).toEqual([
      'event: content_block_stop',
      'event: message_delta',
      'event: message_stop',
    ])
    expect(renderer.frames([text('c'), END])).toBe('')
  })

  it.each<[string, string, readonly AnswerPart[]]>([
    ['nothing said', 'message_start message_delta message_stop', [END]],
    ['empty pieces', 'message_start message_delta message_stop', [text(''), reasoning(''), END]],
    [
      'thinking again',
      'message_start +0:thinking a -0 +1:text b -1 +2:thinking c',
      [reasoning('a'), text('b'), reasoning('c')],
    ],
    [
      'a call without arguments',
      'message_start +0:f -0 message_delta message_stop',
      [call(0, 'a', 'f'), args(0, ''), END],
    ],
    ['arguments of no call', 'message_start message_delta message_stop', [args(3, '{}'), END]],
    [
      'broken arguments',
      'message_start +0:f {"a -0 message_delta message_stop',
      [call(0, 'a', 'f'), args(0, '{"a'), END],
    ],
    ['text behind a call', 'message_start +0:f {} -0 +1:text b', [call(0, 'a', 'f'), args(0, '{}'), text('b')]],
    [
      'a call behind a call',
      'message_start +0:f {} -0 +1:g {',
      [call(0, 'a', 'f'), args(0, '{}'), call(1, 'b', 'g'), args(1, '{')],
    ],
  ])('are in order with %s', (_, expected, parts) => {
    expect(outline(...parts)).toBe(expected)
  })
})

describe('calls whose arguments take turns', () => {
  const parts = [call(0, 'a', 'f'), call(1, 'b', 'g'), args(1, '{"b"'), args(0, '{"a":'), args(1, ':2}'), text('z')]

  it('wait for the call before them, and come as soon as that is complete', () => {
    expect(outline(...parts)).toBe('message_start +0:f {"a":')
    expect(outline(...parts, args(0, '1}'))).toBe('message_start +0:f {"a": 1} -0 +1:g {"b":2} -1 +2:text z')
  })

  it('come at the end where that never is', () => {
    expect(outline(...parts, END)).toBe(
      'message_start +0:f {"a": -0 +1:g {"b":2} -1 +2:text z -2 message_delta message_stop',
    )
  })

  it('say nothing more when they are closed', () => {
    expect(outline(...parts, args(0, '1}'), args(0, '{"again":1}'))).toMatch(/-0 \+1:g \{"b":2\} -1 \+2:text z$/)
  })

  it('end the stream with an error where too much waits', () => {
    const renderer = renderAnthropic(HEAD)
    renderer.frames([call(0, 'a', 'f'), call(1, 'b', 'g')])
    const piece = args(1, 'x'.repeat(1024 * 1024))
    expect(renderer.frames([piece, piece, piece])).toBe('')
    expect(renderer.frames([piece, piece])).toMatch(
      /^event: error\ndata: \{"type":"error",.*calls so many tools.*\}\n\n$/,
    )
    expect(renderer.frames([piece, END])).toBe('')
  })

  it('hold only what waits: not what came since, and not what comes for a closed call', () => {
    const renderer = renderAnthropic(HEAD)
    const long = 'x'.repeat(1024 * 1024)
    for (let at = 0; at < 8; at++) {
      renderer.frames([call(2 * at, `a${at}`, 'f'), args(2 * at, '{'), call(2 * at + 1, `b${at}`, 'g')])
      expect(renderer.frames([args(2 * at + 1, `{"a":"${long}"}`)])).toBe('')
      expect(renderer.frames([args(2 * at, '}')])).toContain(long)
    }
    expect(renderer.frames(Array.from({ length: 8 }, () => args(0, long)))).toBe('')
    expect(renderer.frames([END])).toContain('event: message_stop')
  })

  it('end it also where there are calls without end', () => {
    const renderer = renderAnthropic(HEAD)
    const calls = Array.from({ length: 20_000 }, (_, at) => call(at, `c${at}`, 'f'))
    expect(renderer.frames(calls)).toContain('event: error')
  })
})

describe('the input of a call in a whole message', () => {
  // Names that are numbers are written by recursion.
  it.each([`${'{"1":'.repeat(20_000)}1${'}'.repeat(20_000)}`, `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`])(
    'may be nested deep',
    (input) => {
      const message = renderAnthropic(HEAD).whole([call(0, 'a', 'f'), args(0, input), END])
      expect(message).toContain(`"input":${input}`)
      expect(JSON.parse(message).stop_reason).toBe('tool_use')
    },
  )

  it('keeps the digits of its numbers', () => {
    const message = renderAnthropic(HEAD).whole([call(0, 'a', 'f'), args(0, ' {"a":12345678901234567890} '), END])
    expect(message).toContain('12345678901234567890')
    expect(JSON.parse(message).content).toHaveLength(1)
  })
})

describe('ids of calls', () => {
  const ids = (...parts: readonly AnswerPart[]) => whole(...parts, END).content.map(({ id }: { id: string }) => id)

  it('stay as they are where no two are the same', () => {
    expect(ids(call(0, 'call/ü 1', 'f'), call(1, 'call/ü 2', 'f'))).toEqual(['call/ü 1', 'call/ü 2'])
  })

  it.each([
    [['a', 'a', 'a']],
    [['toolu_x1_1', '', '']],
    [['toolu_x1_1', 'toolu_x1_1', 'toolu_x1_0', '']],
    [['', 'toolu_x1_0', 'toolu_x1_1', 'a', 'a']],
  ])('differ where those of the server do not: %j', (given) => {
    const calls = given.map((id, at) => call(at, id, 'f'))
    const told = ids(...calls)
    expect(new Set(told).size).toBe(given.length)
    expect(told[0]).toBe(given[0] || 'toolu_x1_0')
    const objects = calls.flatMap((one, at) => [one, args(at, '{}')])
    const streamed = events(...objects, END).flatMap(({ content_block: block }) => (block ? [block.id] : []))
    expect(streamed).toEqual(told)
  })

  it('are found as fast where all are made', () => {
    const calls = Array.from({ length: 100_000 }, (_, at) => call(at, `toolu_x1_${99_999 - at}`, 'f'))
    const again = Array.from({ length: 100_000 }, (_, at) => call(100_000 + at, 'toolu_x1_5', 'f'))
    const { content } = JSON.parse(renderAnthropic(HEAD).whole([...calls, ...again, END]))
    expect(new Set(content.map(({ id }: { id: string }) => id)).size).toBe(200_000)
  })

  it('are made where there are none, and differ', () => {
    expect(ids(call(0, '', 'f'), call(4, '', 'f'))).toEqual(['toolu_x1_0', 'toolu_x1_4'])
    expect(events(call(4, '', 'f'))[1].content_block.id).toBe('toolu_x1_4')
  })

  it('tell calls apart that come under one index', () => {
    const parts = [
      call(0, 'a', 'f'),
      args(0, '{"a":1}'),
      call(0, 'a', 'f'),
      call(0, '', ''),
      call(0, 'b', 'g'),
      args(0, '{}'),
    ]
    expect(outline(...parts)).toBe('message_start +0:f {"a":1} -0 +1:g {}')
    expect(outline(call(0, 'a', 'f'), call(0, 'b', 'g'), args(0, '{}'))).toBe('message_start +0:f -0 +1:g {}')
  })
})

describe('what it took', () => {
  const counts = (...parts: readonly AnswerPart[]) => whole(...parts, END).usage

  it('leaves cached tokens out of the input', () => {
    expect(counts(usage(22, 8, 21))).toEqual({ input_tokens: 1, cache_read_input_tokens: 21, output_tokens: 8 })
    expect(counts(usage(22, 8))).toEqual({ input_tokens: 22, output_tokens: 8 })
    expect(counts(usage(5, 1, 9))).toEqual({ input_tokens: 0, cache_read_input_tokens: 9, output_tokens: 1 })
    expect(counts()).toEqual({ input_tokens: 0, output_tokens: 0 })
  })

  it('tells what was thought, where that was counted', () => {
    const thought: AnswerPart = {
      kind: 'usage',
      usage: { promptTokens: 9, completionTokens: 8, cachedTokens: undefined, reasoningTokens: 5 },
    }
    const told = { input_tokens: 9, output_tokens: 8, output_tokens_details: { thinking_tokens: 5 } }
    expect(counts(thought)).toEqual(told)
    expect(events(thought, END).at(-2).usage).toEqual(told)
  })

  it('keeps what a later count does not tell', () => {
    expect(counts(usage(22, undefined, 21), usage(undefined, 8))).toEqual(counts(usage(22, 8, 21)))
  })

  it('is read again as it was told', () => {
    const observer = FORMATS['anthropic-messages'].stream?.observe()
    observer?.push(new TextEncoder().encode(frames(usage(22, undefined, 21), text('a'), usage(undefined, 8), END)))
    observer?.end()
    expect(observer).toMatchObject({
      outcome: 'complete',
      model: 'qwen3',
      usage: { promptTokens: 22, completionTokens: 8, cachedTokens: 21 },
    })
  })
})

describe('the reason of the end', () => {
  it.each([
    ['stop', 'end_turn'],
    ['stop_sequence', 'end_turn'],
    ['length', 'max_tokens'],
    ['max_output_tokens', 'max_tokens'],
    ['tool_calls', 'tool_use'],
    ['content_filter', 'refusal'],
    ['whatever', 'end_turn'],
    ['constructor', 'end_turn'],
  ])('%s is %s', (word, expected) => {
    expect(whole(stop(word), END)).toMatchObject({ stop_reason: expected, stop_sequence: null })
    expect(events(stop(word), END).at(-2).delta).toEqual({ stop_reason: expected, stop_sequence: null })
  })

  it('is the stop sequence where the server says which', () => {
    const met: AnswerPart = { kind: 'stop', reason: 'stop', sequence: '\n\nUser:' }
    const told = { stop_reason: 'stop_sequence', stop_sequence: '\n\nUser:' }
    expect(whole(met, END)).toMatchObject(told)
    expect(events(met, END)[0].message).toMatchObject({ stop_reason: null, stop_sequence: null })
    expect(events(met, END).at(-2).delta).toEqual(told)
    expect(whole(call(0, 'a', 'f'), met, END)).toMatchObject({ ...told, stop_reason: 'tool_use' })
    expect(whole(met, stop('length'), END)).toMatchObject({ stop_reason: 'max_tokens', stop_sequence: null })
  })

  it('is a call where there was one and nobody said so', () => {
    expect(whole(call(0, 'a', 'f'), stop('stop'), END).stop_reason).toBe('tool_use')
    expect(whole(call(0, 'a', 'f'), END).stop_reason).toBe('tool_use')
    expect(whole(call(0, 'a', 'f'), stop('length'), END).stop_reason).toBe('max_tokens')
  })
})

describe('a failure', () => {
  const failed = (message?: string): AnswerPart => ({ kind: 'failed', message })
  const error = (message: string) => ({ type: 'error', error: { type: 'api_error', message } })

  it('is the last event, and alone where nothing was said', () => {
    const renderer = renderAnthropic(HEAD)
    expect(renderer.frames([text('a'), failed('It crashed.'), text('b'), END])).toMatch(
      /"text":"a"\}\}\n\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error","message":"It crashed\."\}\}\n\n$/,
    )
    expect(renderer.frames([text('c'), failed('Again.'), END])).toBe('')
    expect(events(failed('It crashed.'))).toEqual([error('It crashed.')])
  })

  it('has words where the server had none, and none that hide it', () => {
    expect(events(failed())).toEqual([error('The model server failed and did not say why.')])
    expect(events(failed('No x-api-key.'))).toEqual([error('No API key.')])
  })

  it('is by the words of Anthropic where the prompt is too long, in a stream and whole', () => {
    const words = 'the input length exceeds the context length'
    const refused = { type: 'error', error: { type: 'invalid_request_error', message: `prompt is too long: ${words}` } }
    expect(events(failed(words))).toEqual([refused])
    expect(whole(failed(words))).toEqual(refused)
  })

  it('is an error in place of a whole answer', () => {
    expect(whole(text('a'), failed('It crashed.'))).toEqual(error('It crashed.'))
  })
})

describe('a whole answer', () => {
  it('has the same blocks', () => {
    expect(
      whole(usage(9, 7), reasoning('H'), reasoning('m'), text('Hi'), call(0, 'a', 'f'), args(0, '{"a":1}'), END),
    ).toEqual({
      id: 'msg_x1',
      type: 'message',
      role: 'assistant',
      model: 'qwen3',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: '' },
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', id: 'a', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 9, output_tokens: 7 },
    })
  })

  it.each(['', ' ', '{"a', '[1]', 'null', '"{}"', '{} {}'])('has an empty input for the arguments %j', (value) => {
    expect(whole(call(0, 'a', 'f'), args(0, value), END).content).toEqual([
      { type: 'tool_use', id: 'a', name: 'f', input: {} },
    ])
  })

  it('is what came until its end, or all of it', () => {
    expect(whole(text('a'), END, text('b')).content).toEqual([{ type: 'text', text: 'a' }])
    expect(whole(text('a')).content).toEqual([{ type: 'text', text: 'a' }])
    expect(whole(END).content).toEqual([])
  })

  it('takes nothing of a stream of the same renderer', () => {
    const renderer = renderAnthropic(HEAD)
    renderer.frames([text('a'), END])
    expect(JSON.parse(renderer.whole([text('b'), END])).content).toEqual([{ type: 'text', text: 'b' }])
  })
})
