import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { FORMATS } from '../formats.ts'
import { FrameSplitter, frameReader } from '../frames.ts'
import type { RenderedHead } from './answer-renderer.ts'
import { renderResponses } from './render-responses.ts'
import { type CallForms, callFormsOf, PLAIN_CALLS } from './responses/call-forms.ts'
import { responseEcho } from './responses/response-echo.ts'
import { MAX_ITEMS, MAX_KEPT_UNITS } from './responses/response-stream.ts'

const HEAD: RenderedHead = { id: 'a1', model: 'tiny', atMs: 1_700_000_000_900 }
const END: AnswerPart = { kind: 'end' }
const CALLED: AnswerPart = { kind: 'call', index: 0, id: 'call_x', name: 'read' }
const STORY: readonly AnswerPart[] = [
  { kind: 'reasoning', text: 'Let me ' },
  { kind: 'reasoning', text: 'see.' },
  { kind: 'text', text: 'I ' },
  { kind: 'text', text: 'look.' },
  CALLED,
  { kind: 'arguments', index: 0, text: '{"path":' },
  { kind: 'arguments', index: 0, text: '"a}"}' },
  { kind: 'call', index: 1, id: '', name: 'list' },
  { kind: 'stop', reason: 'tool_calls' },
  { kind: 'usage', usage: { promptTokens: 9, completionTokens: 7, cachedTokens: 4 } },
  END,
]

type Fields = Record<string, unknown>
interface ReadEvent extends Fields {
  readonly type: string
  readonly sequence_number: number
}
interface ReadResponse extends Fields {
  readonly status: string
  readonly output: readonly Fields[]
}

function streamOf(parts: readonly AnswerPart[], forms?: CallForms): string {
  return renderResponses(HEAD, forms).frames(parts)
}

function eventsOf(stream: string): ReadEvent[] {
  const frames = stream.split('\n\n')
  expect(frames.pop()).toBe('')
  return frames.map((frame) => {
    const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? []
    const event: ReadEvent = JSON.parse(data ?? '')
    expect(event.type).toBe(name)
    return event
  })
}

function wholeOf(parts: readonly AnswerPart[], forms?: CallForms): ReadResponse {
  return JSON.parse(renderResponses(HEAD, forms).whole(parts))
}

function lastOf(parts: readonly AnswerPart[], forms?: CallForms): ReadEvent & { response: ReadResponse } {
  return eventsOf(streamOf(parts, forms)).at(-1) as ReadEvent & { response: ReadResponse }
}

/** Holds a stream to the order of events that the format promises; answers its last response. */
function checkOrder(events: readonly ReadEvent[]): unknown {
  const output: unknown[] = []
  let open: { item: Fields; text: string; isTold: boolean } | undefined
  for (const [at, event] of events.entries()) {
    expect(event.sequence_number).toBe(at)
    const isLifecycle = 'response' in event
    if (at < 2) expect(event.type).toBe(['response.created', 'response.in_progress'][at])
    else expect(isLifecycle).toBe(at === events.length - 1)
    if (isLifecycle) continue
    expect(event['output_index']).toBe(output.length)
    if (event.type === 'response.output_item.added') {
      expect(open).toBeUndefined()
      open = { item: event['item'] as Fields, text: '', isTold: false }
      continue
    }
    if (open === undefined) throw new Error(`${event.type} stands outside of an item`)
    if (event.type === 'response.output_item.done') {
      const { id, type, call_id } = event['item'] as Fields
      expect({ id, type, call_id }).toEqual({
        id: open.item['id'],
        type: open.item['type'],
        call_id: open.item['call_id'],
      })
      expect(open.isTold).toBe(true)
      output.push(event['item'])
      open = undefined
      continue
    }
    expect(event['item_id']).toBe(open.item['id'])
    if (event.type.endsWith('.delta')) {
      expect(open.isTold).toBe(false)
      open.text += event['delta']
    } else if (!event.type.includes('part')) {
      expect(event['text'] ?? event['arguments'] ?? event['input']).toBe(open.text)
      open.isTold = true
    }
  }
  const last = events.at(-1) as unknown as { type: string; response: ReadResponse }
  expect(last.type).toBe(`response.${last.response.status}`)
  if (last.response.status !== 'failed') expect(open).toBeUndefined()
  expect(last.response.output.slice(0, output.length)).toEqual(output)
  expect(last.response.output.length - output.length).toBe(open === undefined ? 0 : 1)
  return last.response
}

describe('a streamed response', () => {
  it('tells its items one after another, then itself', () => {
    const events = eventsOf(streamOf(STORY))
    expect(checkOrder(events)).toEqual(wholeOf(STORY))
    expect(events.map(({ type, output_index }) => `${output_index ?? '-'} ${type.replace('response.', '')}`)).toEqual([
      '- created',
      '- in_progress',
      '0 output_item.added',
      '0 reasoning_summary_part.added',
      '0 reasoning_summary_text.delta',
      '0 reasoning_summary_text.delta',
      '0 reasoning_summary_text.done',
      '0 reasoning_summary_part.done',
      '0 output_item.done',
      '1 output_item.added',
      '1 content_part.added',
      '1 output_text.delta',
      '1 output_text.delta',
      '1 output_text.done',
      '1 content_part.done',
      '1 output_item.done',
      '2 output_item.added',
      '2 function_call_arguments.delta',
      '2 function_call_arguments.delta',
      '2 function_call_arguments.done',
      '2 output_item.done',
      '3 output_item.added',
      '3 function_call_arguments.delta',
      '3 function_call_arguments.done',
      '3 output_item.done',
      '- completed',
    ])
  })

  it('has every field its clients take for granted', () => {
    expect(eventsOf(streamOf([]))[0]).toMatchObject({
      response: { id: 'resp_a1', created_at: 1_700_000_000, status: 'in_progress', output: [], usage: null },
    })
    expect(wholeOf(STORY)).toMatchObject({
      object: 'response',
      model: 'tiny',
      status: 'completed',
      error: null,
      incomplete_details: null,
      output: [
        { id: 'rs_a1_0', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }] },
        { id: 'msg_a1_1', type: 'message', role: 'assistant', status: 'completed', content: [{ text: 'I look.' }] },
        { id: 'fc_a1_2', type: 'function_call', call_id: 'call_x', name: 'read', arguments: '{"path":"a}"}' },
        { id: 'fc_a1_3', type: 'function_call', call_id: 'call_a1_3', name: 'list', arguments: '{}' },
      ],
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 16,
      },
    })
  })

  it('is read back by the format as it was told', () => {
    const splitter = new FrameSplitter(FORMATS['openai-responses'].stream!.framing)
    const form = FORMATS['openai-responses'].stream!
    const parts = splitter.push(new TextEncoder().encode(streamOf(STORY))).flatMap(frameReader(form))
    expect(parts.filter(({ kind }) => kind === 'text' || kind === 'reasoning')).toEqual(STORY.slice(0, 4))
    expect(parts.at(-1)).toEqual(END)
  })

  it.each([
    ['stop', 'completed', null],
    ['length', 'incomplete', { reason: 'max_output_tokens' }],
    ['max_tokens', 'incomplete', { reason: 'max_output_tokens' }],
    ['content_filter', 'incomplete', { reason: 'content_filter' }],
    ['constructor', 'completed', null],
  ])('that stopped for %s is %s', (reason, status, details) => {
    const parts: AnswerPart[] = [{ kind: 'text', text: 'Hi' }, { kind: 'stop', reason }, END]
    expect(lastOf(parts)).toMatchObject({
      type: `response.${status}`,
      response: { status, incomplete_details: details, output: [{ status }] },
    })
    expect(wholeOf(parts)).toEqual(lastOf(parts).response)
  })

  it('closes no call of an answer that failed, so that nobody runs it', () => {
    const parts: AnswerPart[] = [
      CALLED,
      { kind: 'arguments', index: 0, text: '{"a":' },
      { kind: 'failed', message: 'Out of memory.' },
    ]
    const events = eventsOf(streamOf(parts))
    checkOrder(events)
    expect(events.map(({ type }) => type)).not.toContain('response.output_item.done')
    expect(lastOf(parts)).toMatchObject({
      type: 'response.failed',
      response: {
        status: 'failed',
        error: { code: 'server_error', message: 'Out of memory.' },
        output: [{ status: 'incomplete', arguments: '{"a":' }],
      },
    })
    expect(lastOf([{ kind: 'failed', message: undefined }]).response['error']).toMatchObject({
      message: expect.stringContaining('did not say why'),
    })
  })

  it('tells by its code that the prompt is too long', () => {
    const parts: AnswerPart[] = [{ kind: 'failed', message: 'the input length exceeds the context length' }]
    expect(lastOf(parts)).toMatchObject({
      type: 'response.failed',
      response: {
        error: {
          code: 'context_length_exceeded',
          message: expect.stringMatching(/maximum context length.*the input length exceeds the context length$/),
        },
      },
    })
    expect(wholeOf(parts)).toEqual(lastOf(parts).response)
  })

  it('tells how many of its tokens were thoughts', () => {
    const usage = { promptTokens: 9, completionTokens: 7, cachedTokens: undefined, reasoningTokens: 5 }
    expect(lastOf([{ kind: 'usage', usage }, END]).response['usage']).toMatchObject({
      output_tokens_details: { reasoning_tokens: 5 },
    })
  })

  it('tells again what was asked for, and nothing that is long', () => {
    const asked = {
      temperature: 0.3,
      top_p: null,
      tool_choice: 'required',
      metadata: { a: 'x'.repeat(2_000) },
      input: 'hi',
    }
    const echo = responseEcho(asked)
    const whole = JSON.parse(renderResponses(HEAD, PLAIN_CALLS, echo).whole([END])) as Record<string, unknown>
    expect(whole).toMatchObject({ temperature: 0.3, top_p: null, tool_choice: 'required', metadata: {}, usage: null })
    expect(whole).not.toHaveProperty('input')
  })

  it('passes over what comes after its end', () => {
    const renderer = renderResponses(HEAD)
    renderer.frames([{ kind: 'text', text: 'Hi' }, END, { kind: 'text', text: ' more' }])
    expect(renderer.frames([...STORY, { kind: 'failed', message: 'x' }])).toBe('')
    expect(wholeOf([{ kind: 'text', text: 'Hi' }, END, { kind: 'failed', message: 'x' }])).toMatchObject({
      status: 'completed',
      output: [{ content: [{ text: 'Hi' }] }],
    })
  })
})

describe('calls', () => {
  const call = (index: number, id: string, name: string): AnswerPart => ({ kind: 'call', index, id, name })
  const said = (index: number, text: string): AnswerPart => ({ kind: 'arguments', index, text })

  it('lose nothing where their arguments come mixed, and are told as they come where they do not', () => {
    const mixed = [
      call(0, 'a', 'f'),
      call(1, 'b', 'g'),
      said(1, '{"b"'),
      said(0, '{"a":'),
      said(1, ':2}'),
      said(0, '1}'),
    ]
    const events = eventsOf(streamOf([...mixed, END]))
    checkOrder(events)
    expect(lastOf([...mixed, END]).response.output).toMatchObject([{ arguments: '{"a":1}' }, { arguments: '{"b":2}' }])
    const renderer = renderResponses(HEAD)
    renderer.frames([call(0, 'a', 'f'), said(0, '{"a":[{}]}'), call(1, 'b', 'g')])
    expect(renderer.frames([said(1, '{"b')])).toContain('function_call_arguments.delta')
  })

  it.each<[string, AnswerPart[], Fields[]]>([
    [
      'tells of it once',
      [call(0, 'a', 'f'), call(0, 'a', 'f'), call(0, '', ''), said(0, '{}')],
      [{ call_id: 'a', arguments: '{}' }],
    ],
    [
      'begins another where the id differs',
      [call(0, 'a', 'f'), said(0, '{"a'), call(0, 'b', 'g'), said(0, '{"b":1}')],
      [
        { call_id: 'a', arguments: '{"a' },
        { call_id: 'b', arguments: '{"b":1}' },
      ],
    ],
  ])('that come again under one index: %s', (_what, parts, output) => {
    checkOrder(eventsOf(streamOf([...parts, END])))
    expect(lastOf([...parts, END]).response.output).toMatchObject(output)
  })

  it('are followed by a text of its own', () => {
    const parts: AnswerPart[] = [
      { kind: 'text', text: 'a' },
      call(0, 'a', 'f'),
      said(0, '{}'),
      { kind: 'text', text: 'b' },
    ]
    expect(lastOf([...parts, END]).response.output).toMatchObject([
      { content: [{ text: 'a' }] },
      { arguments: '{}' },
      { content: [{ text: 'b' }] },
    ])
  })

  it('that another took the index of keep nobody waiting', () => {
    const renderer = renderResponses(HEAD)
    renderer.frames([call(0, 'a', 'f'), said(0, '{"a'), call(0, 'b', 'g')])
    expect(renderer.frames([said(0, '{"b')])).toContain('function_call_arguments.delta')
  })

  it('are complete with their object, whatever stands in its texts, also where the answer was cut', () => {
    const [first, second] = ['{"a":"\\"}\\\\"}', '{"b']
    const parts = [
      call(0, 'a', 'f'),
      said(0, first.slice(0, 9)),
      call(1, 'b', 'g'),
      said(0, first.slice(9)),
      said(1, second),
    ]
    const cut: AnswerPart[] = [...parts, { kind: 'stop', reason: 'length' }, END]
    checkOrder(eventsOf(streamOf(cut)))
    expect(lastOf(cut).response.output).toMatchObject([
      { status: 'completed', arguments: first },
      { status: 'incomplete', arguments: second },
    ])
    expect(
      lastOf([call(0, 'a', 'f'), said(0, first), { kind: 'stop', reason: 'length' }, END]).response.output,
    ).toMatchObject([{ status: 'completed' }])
  })

  it('have ids of their own, since clients refuse a second of the same', () => {
    const parts = [call(0, 'a', 'f'), call(1, 'a', 'f'), call(2, '', 'f'), said(7, '{}'), END]
    expect(lastOf(parts).response.output.map((item) => item['call_id'])).toEqual(['a', 'call_a1_1', 'call_a1_2'])
  })

  it('are told in the form their client knows the tool by', () => {
    const forms = callFormsOf({
      tools: [
        { type: 'namespace', name: 'mcp__files__', tools: [{ type: 'function', name: 'read' }] },
        { type: 'custom', name: 'apply_patch' },
      ],
    })
    const parts = [
      call(0, 'a', 'mcp__files__read'),
      said(0, '{}'),
      call(1, 'b', 'apply_patch'),
      said(1, '{"input":"*** Begin'),
      said(1, ' Patch"}'),
      call(2, 'c', 'apply_patch'),
      said(2, '*** Begin Patch'),
      END,
    ]
    checkOrder(eventsOf(streamOf(parts, forms)))
    expect(lastOf(parts, forms).response.output).toEqual([
      {
        id: 'fc_a1_0',
        type: 'function_call',
        status: 'completed',
        call_id: 'a',
        name: 'read',
        namespace: 'mcp__files__',
        arguments: '{}',
      },
      {
        id: 'ctc_a1_1',
        type: 'custom_tool_call',
        status: 'completed',
        call_id: 'b',
        name: 'apply_patch',
        input: '*** Begin Patch',
      },
      {
        id: 'ctc_a1_2',
        type: 'custom_tool_call',
        status: 'completed',
        call_id: 'c',
        name: 'apply_patch',
        input: '*** Begin Patch',
      },
    ])
  })

  it('may bring a megabyte in pieces of one character', () => {
    const text = `{"a":"${'x'.repeat(1_000_000)}"}`
    const renderer = renderResponses(HEAD)
    renderer.frames([CALLED])
    for (const character of text) renderer.frames([said(0, character)])
    expect(renderer.frames([END])).toContain(JSON.stringify(text))
  })
})

describe('limits', () => {
  it('fail an answer with too many items, or too long', () => {
    const many = Array.from(
      { length: MAX_ITEMS + 1 },
      (_, at): AnswerPart => ({ kind: at % 2 ? 'text' : 'reasoning', text: 'x' }),
    )
    expect(() => wholeOf(many)).toThrow('more items')
    expect(streamOf(many)).toContain('event: response.failed')
    expect(wholeOf(many.slice(1)).status).toBe('completed')
    const half: AnswerPart = { kind: 'text', text: 'x'.repeat(MAX_KEPT_UNITS / 2) }
    expect(() => wholeOf([half, half, { kind: 'text', text: 'x' }])).toThrow('longer')
  })
})

describe('any answer', () => {
  const texts = fc.oneof(
    fc.constantFrom('', '{', '}', '{"a":1}', '"', '\\', '[]'),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  )
  const indices = fc.nat(3)
  const anyPart: fc.Arbitrary<AnswerPart> = fc.oneof(
    fc.record({ kind: fc.constantFrom('text' as const, 'reasoning' as const), text: texts }),
    fc.record({
      kind: fc.constant('call' as const),
      index: indices,
      id: fc.constantFrom('', 'a', 'b'),
      name: fc.constantFrom('f', 'custom'),
    }),
    fc.record({ kind: fc.constant('arguments' as const), index: indices, text: texts }),
    fc.record({ kind: fc.constant('stop' as const), reason: fc.constantFrom('stop', 'length', 'tool_calls') }),
  )
  const answers = fc.record({
    parts: fc.array(anyPart, { maxLength: 30 }),
    last: fc.constantFrom<AnswerPart>(END, { kind: 'failed', message: 'x' }),
    cuts: fc.array(fc.nat(31), { maxLength: 5 }),
    forms: fc.constantFrom(PLAIN_CALLS, callFormsOf({ tools: [{ type: 'custom', name: 'custom' }] })),
  })

  it('is the same wherever its parts are cut, keeps the order, and is the same whole', () => {
    fc.assert(
      fc.property(answers, ({ parts, last, cuts, forms }) => {
        const all = [...parts, last]
        const renderer = renderResponses(HEAD, forms)
        const ends = [...cuts.toSorted((a, b) => a - b), all.length]
        const stream = ends.map((end, at) => renderer.frames(all.slice(at === 0 ? 0 : ends[at - 1], end))).join('')
        expect(stream).toBe(streamOf(all, forms))
        expect(checkOrder(eventsOf(stream))).toEqual(wholeOf(all, forms))
      }),
      { numRuns: 300, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false },
    )
  })
})

describe("OpenAI's own client", () => {
  async function withClient<T>(parts: readonly AnswerPart[], use: (client: OpenAI) => Promise<T>): Promise<T> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { stream } = JSON.parse(Buffer.concat(chunks).toString())
        response.setHeader('content-type', stream ? 'text/event-stream' : 'application/json')
        response.end(stream ? streamOf(parts) : renderResponses(HEAD).whole(parts))
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    try {
      const { port } = server.address() as AddressInfo
      return await use(new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'k', maxRetries: 0 }))
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it.each<[string, readonly AnswerPart[]]>([
    ['an answer with thoughts, text and calls', STORY],
    ['an answer that was cut at its length', [{ kind: 'text', text: 'Hi' }, { kind: 'stop', reason: 'length' }, END]],
    ['an answer with two calls of one id', [CALLED, { ...CALLED, index: 1 } as AnswerPart, END]],
    ['an empty answer', [END]],
  ])('has %s whole at the end of the stream', async (_what, parts) => {
    const final = await withClient(parts, (client) =>
      client.responses.stream({ model: 'tiny', input: 'hi' }).finalResponse(),
    )
    expect(final).toMatchObject(wholeOf(parts))
  })

  it('parses a whole answer, also by a schema', async () => {
    const plain = await withClient(STORY, (client) => client.responses.parse({ model: 'tiny', input: 'hi' }))
    expect(plain).toMatchObject({ ...wholeOf(STORY), output_text: 'I look.' })
    const schema = { type: 'object', properties: { a: { type: 'number' } } }
    const format = {
      type: 'json_schema',
      name: 'answer',
      schema,
      $brand: 'auto-parseable-response-format',
      $parseRaw: JSON.parse,
    }
    const typed = await withClient([{ kind: 'text', text: '{"a":1}' }, END], (client) =>
      client.responses.parse({ model: 'tiny', input: 'hi', text: { format: format as never } }),
    )
    expect(typed.output_parsed).toEqual({ a: 1 })
  })

  it('is told of an answer that failed', async () => {
    const failed = await withClient(
      [
        { kind: 'text', text: 'Hi' },
        { kind: 'failed', message: 'Out of memory.' },
      ],
      (client) => client.responses.stream({ model: 'tiny', input: 'hi' }).finalResponse(),
    )
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'server_error', message: 'Out of memory.' } })
  })
})
