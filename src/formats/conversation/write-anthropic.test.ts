import type Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import type { Conversation, Turn } from './conversation.ts'
import { readAnthropicRequest } from './read-anthropic.ts'
import { writeAnthropicRequest } from './write-anthropic.ts'

const user = (text: string): Turn => ({ role: 'user', parts: [{ kind: 'text', text }] })
const system = (text: string): Turn => ({ role: 'system', text })
const assistant = (text: string): Turn => ({ role: 'assistant', parts: [{ kind: 'text', text }] })
const calls = (...ids: readonly string[]): Turn => ({
  role: 'assistant',
  parts: ids.map((id) => ({ kind: 'call', id, name: 'f', arguments: '{"a":1}' })),
})
const result = (callId: string, text = 'ok', isError = false): Turn => ({
  role: 'tool',
  callId,
  name: 'f',
  isError,
  parts: text === '' ? [] : [{ kind: 'text', text }],
})

const WEATHER = { name: 'weather', description: 'w', parameters: { type: 'object' } }
const TURNS = [user('hi')]

function written(more: Partial<Conversation>) {
  const conversation = { model: 'm', turns: TURNS, tools: [], sampling: {}, wantsStream: false, dropped: [] }
  return writeAnthropicRequest({ ...conversation, ...more })
}

/** As the library sends them. */
type Params = Omit<Anthropic.MessageCreateParams, 'system'> & { readonly system?: string }

const bodyOf = (...turns: readonly Turn[]) => written({ turns }).body as unknown as Params
const text = (value: string) => ({ type: 'text' as const, text: value })
const use = (id: string) => ({ type: 'tool_use' as const, id, name: 'f', input: { a: 1 } })
const gave = (tool_use_id: string, value = 'ok') => ({
  type: 'tool_result' as const,
  tool_use_id,
  content: [text(value)],
})

it('says what the client library would', () => {
  const expected: Params = {
    model: 'm',
    max_tokens: 100,
    system: 'Be brief.',
    messages: [
      { role: 'user', content: [text('Weather?')] },
      { role: 'assistant', content: [text('I look.'), { type: 'tool_use', id: 'c1', name: 'weather', input: {} }] },
      { role: 'user', content: [gave('c1', 'Sun.')] },
    ],
    tools: [{ name: 'weather', description: 'w', input_schema: { type: 'object' }, strict: true }],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    thinking: { type: 'disabled' },
    output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    stream: true,
  }
  const call = { kind: 'call', id: 'c1', name: 'weather', arguments: '' } as const
  expect(
    written({
      turns: [
        system('Be brief.'),
        user('Weather?'),
        { role: 'assistant', parts: [{ kind: 'text', text: 'I look.' }, call] },
        result('c1', 'Sun.'),
      ],
      tools: [{ ...WEATHER, isStrict: true }],
      mayCallSeveral: false,
      sampling: { maxTokens: 100, stop: ['END'] },
      thinking: { isOn: false },
      output: { kind: 'schema', name: 'n', schema: { type: 'object' } },
      wantsStream: true,
    }),
  ).toEqual({ body: expected, dropped: [] })
})

it('says how long the answer may be where the request does not', () => {
  expect(written({})).toEqual({
    body: { model: 'm', max_tokens: 8_192, messages: [{ role: 'user', content: [text('hi')] }], stream: false },
    dropped: [],
  })
})

describe('turns', () => {
  const messages: readonly (readonly [string, readonly Turn[], readonly Anthropic.MessageParam[]])[] = [
    [
      'of one role in a row are one message',
      [user('a'), user('b'), assistant('c'), assistant('d'), user('e')],
      [
        { role: 'user', content: [text('a'), text('b')] },
        { role: 'assistant', content: [text('c'), text('d')] },
        { role: 'user', content: [text('e')] },
      ],
    ],
    [
      'of a system in the middle keep their place, behind the results of tools',
      [user('a'), calls('c1', 'c2'), system('mind'), result('c1'), result('c2'), user('b')],
      [
        { role: 'user', content: [text('a')] },
        { role: 'assistant', content: [use('c1'), use('c2')] },
        { role: 'user', content: [gave('c1'), gave('c2'), text('<system>\nmind\n</system>'), text('b')] },
      ],
    ],
    [
      'begin with the user',
      [assistant('a'), user('b')],
      [
        { role: 'user', content: [text('Begin.')] },
        { role: 'assistant', content: [text('a')] },
        { role: 'user', content: [text('b')] },
      ],
    ],
    [
      'that are blank are left out',
      [user('a'), assistant(' \n'), user('b')],
      [{ role: 'user', content: [text('a'), text('b')] }],
    ],
    [
      'of tools that fail say so',
      [user('a'), calls('c1', 'c2', 'c3'), result('c1', 'no', true), result('c2', '', true), result('c3', '')],
      [
        { role: 'user', content: [text('a')] },
        { role: 'assistant', content: [use('c1'), use('c2'), use('c3')] },
        {
          role: 'user',
          content: [
            { ...gave('c1', 'no'), is_error: true },
            { ...gave('c2', 'The tool failed.'), is_error: true },
            { type: 'tool_result', tool_use_id: 'c3' },
          ],
        },
      ],
    ],
    [
      'of calls with ids that are not allowed, or come twice, have others',
      [user('a'), calls('f:1', '', ''), result('f:1'), result('', 'x'), result('', 'y'), calls('f:1'), result('f:1')],
      [
        { role: 'user', content: [text('a')] },
        { role: 'assistant', content: [use('f_3a_1'), use('call'), use('call_2')] },
        { role: 'user', content: [gave('f_3a_1'), gave('call', 'x'), gave('call_2', 'y')] },
        { role: 'assistant', content: [use('f_3a_1_2')] },
        { role: 'user', content: [gave('f_3a_1_2')] },
      ],
    ],
  ]

  it.each(messages)('%s', (_, turns, expected) => {
    expect(bodyOf(...turns).messages).toEqual(expected)
  })

  it('have their pictures where they stood', () => {
    const picture = { kind: 'image', mediaType: 'image/jpg', data: 'AAAA' } as const
    const block = { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } }
    const turns: Turn[] = [
      { role: 'user', parts: [picture] },
      calls('c1'),
      { role: 'tool', callId: 'c1', name: 'f', isError: false, parts: [picture] },
    ]
    const [asked, , given] = bodyOf(...turns).messages
    expect(asked?.content).toEqual([block])
    expect(given?.content).toEqual([{ type: 'tool_result', tool_use_id: 'c1', content: [block] }])
  })

  it('keep what a model wrote that is no object', () => {
    const turns: Turn[] = [
      user('a'),
      { role: 'assistant', parts: [{ kind: 'call', id: 'c', name: 'f', arguments: '[1' }] },
    ]
    expect(bodyOf(...turns).messages[1]?.content).toMatchObject([{ input: { arguments: '[1' } }])
  })

  it('leave out what was thought, and say so once', () => {
    const thought: Turn = {
      role: 'assistant',
      parts: [
        { kind: 'thinking', text: 'hm' },
        { kind: 'text', text: 'b' },
      ],
    }
    const { body, dropped } = written({ turns: [user('a'), thought, user('c'), thought, user('d')] })
    expect(JSON.stringify(body)).not.toContain('hm')
    expect(dropped).toEqual(['thinking'])
    expect(written({ turns: [user('a'), thought], thinking: { isOn: true } }).dropped).toEqual(['thinking'])
  })

  it.each([
    ['only a system', [system('Be brief.')]],
    ['blanks', [user(' ')]],
    ['nothing', []],
    ['a picture of another type', [{ role: 'user', parts: [{ kind: 'image', mediaType: 'image/bmp', data: 'AAAA' }] }]],
  ] as const satisfies readonly (readonly [string, readonly Turn[]])[])('of %s are refused', (_, turns) => {
    const write = () => written({ turns })
    expect(write).toThrow(PunkuError)
    expect(write).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'messages' }))
  })
})

describe('tools', () => {
  it.each([
    [{ toolChoice: 'auto' }, { type: 'auto' }],
    [
      { toolChoice: 'any', mayCallSeveral: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [
      { toolChoice: { name: 'weather' }, mayCallSeveral: true },
      { type: 'tool', name: 'weather' },
    ],
    [{ toolChoice: 'none', mayCallSeveral: false }, { type: 'none' }],
    [{ mayCallSeveral: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ mayCallSeveral: true }, undefined],
  ] as const)('are chosen: %j', (more, expected) => {
    expect(written({ tools: [WEATHER], ...more }).body['tool_choice']).toEqual(expected)
    expect(written(more).body).not.toHaveProperty('tool_choice')
  })

  it('without arguments take an object', () => {
    const { body } = written({ tools: [{ name: 'f', parameters: {}, isStrict: false }] })
    expect(body['tools']).toEqual([{ name: 'f', input_schema: { type: 'object' } }])
  })
})

describe('thinking', () => {
  const isOn = true
  const ROUND = [user('a'), calls('c1'), result('c1')]
  const enabled = (budget_tokens: number) => ({ type: 'enabled', budget_tokens })

  it.each<readonly [Partial<Conversation>, object, readonly string[]]>([
    [{ thinking: { isOn } }, { thinking: enabled(4_096), max_tokens: 12_288 }, []],
    [{ thinking: { isOn, effort: 'low' } }, { thinking: enabled(1_024) }, []],
    [{ thinking: { isOn, effort: 'max' } }, { thinking: enabled(20_480), max_tokens: 28_672 }, []],
    [{ thinking: { isOn }, sampling: { maxTokens: 3_000 } }, { thinking: enabled(1_500), max_tokens: 3_000 }, []],
    [{ thinking: { isOn }, sampling: { maxTokens: 2_047 } }, { max_tokens: 2_047 }, ['thinking']],
    [{ thinking: { isOn }, tools: [WEATHER], toolChoice: 'any' }, { max_tokens: 8_192 }, ['thinking']],
    [{ thinking: { isOn }, tools: [WEATHER], toolChoice: { name: 'weather' } }, {}, ['thinking']],
    [{ thinking: { isOn }, tools: [WEATHER], toolChoice: 'auto' }, { thinking: enabled(4_096) }, []],
    [{ thinking: { isOn }, turns: ROUND }, {}, ['thinking']],
    [{ thinking: { isOn }, turns: [user('a'), assistant('b')] }, {}, ['thinking']],
    [{ thinking: { isOn }, turns: [...ROUND, assistant('b'), user('c')] }, { thinking: enabled(4_096) }, []],
    [{ thinking: { isOn: false }, turns: ROUND }, { thinking: { type: 'disabled' } }, []],
  ])('of %j', (more, expected, dropped) => {
    const { body, dropped: names } = written(more)
    expect(body).toMatchObject(expected)
    expect([names, 'thinking' in body]).toEqual([dropped, dropped.length === 0])
  })

  it.each([
    [{ temperature: 0.5, topP: 0.5, topK: 3 }, {}, ['temperature', 'top_p', 'top_k']],
    [{ temperature: 1, topP: 0.95 }, { top_p: 0.95 }, []],
  ])('takes no sampling but its own: %j', (sampling, expected, dropped) => {
    const { body, dropped: names } = written({ thinking: { isOn }, sampling })
    const { temperature, top_p, top_k } = body
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected)
    expect(names).toEqual(dropped)
  })
})

describe('sampling', () => {
  it.each([
    [{ temperature: 0, topP: 0.5, topK: 3 }, { temperature: 0, top_p: 0.5, top_k: 3 }, []],
    [{ temperature: 1.5 }, { temperature: 1 }, ['temperature']],
    [{ stop: ['\n', 'END', ''] }, { stop_sequences: ['END'] }, ['stop']],
  ])('of %j', (sampling, expected, dropped) => {
    const { body, dropped: names } = written({ sampling })
    expect(body).toMatchObject(expected)
    expect(names).toEqual(dropped)
  })

  it('has no stop sequences where all are blank', () => {
    expect(written({ sampling: { stop: [' '] } }).body).not.toHaveProperty('stop_sequences')
  })

  it('that has no place is named', () => {
    const sampling = {
      seed: 1,
      minP: 1,
      typicalP: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      repeatPenalty: 1,
      repeatLastN: 1,
      logitBias: {},
    }
    const running = { contextLength: 9, keepAlive: 1, truncates: true, shifts: true, options: { num_gpu: 1 } }
    const plain = written({})
    expect(written({ sampling, running, logprobs: 0 })).toEqual({
      body: plain.body,
      dropped: [
        'seed',
        'min_p',
        'typical_p',
        'presence_penalty',
        'frequency_penalty',
        'repeat_penalty',
        'repeat_last_n',
        'logit_bias',
        'logprobs',
        'num_ctx',
        'keep_alive',
        'truncate',
        'shift',
        'options.num_gpu',
      ],
    })
    expect(written({ running: { truncates: false, shifts: false } })).toEqual(plain)
  })
})

it('asks in words for JSON of no schema, and says that nothing holds the model to it', () => {
  const { body, dropped } = written({ turns: [system('Be brief.'), ...TURNS], output: { kind: 'json' } })
  expect(body['system']).toMatch(/^Be brief\.\n\nAnswer with one JSON object/)
  expect(dropped).toEqual(['response_format'])
})

describe('any turns', () => {
  const said = fc.constantFrom('', ' ', 'a', 'b\n', '€')
  const id = fc.constantFrom('', 'a', 'a_2', 'a:b', '€')
  const textPart = fc.record({ kind: fc.constant('text'), text: said })
  const picture = fc.record({
    kind: fc.constant('image'),
    mediaType: fc.constant('image/png'),
    data: fc.constant('AAAA'),
  })
  const call = fc.record({
    kind: fc.constant('call'),
    id,
    name: fc.constant('f'),
    arguments: fc.constantFrom('{}', '{"a":1}'),
  })
  const thought = fc.record({ kind: fc.constant('thinking'), text: said })
  /** A round of an assistant, whose calls all have their results. */
  const round: fc.Arbitrary<readonly Turn[]> = fc
    .array(fc.oneof(textPart, call, thought), { maxLength: 4 })
    .map((parts) => [
      { role: 'assistant', parts },
      ...parts.flatMap((part): Turn[] => (part.kind === 'call' ? [result(part.id, 'ok')] : [])),
    ])
  const other: fc.Arbitrary<readonly Turn[]> = fc
    .oneof(
      fc.record({ role: fc.constant('system'), text: said }),
      fc.record({ role: fc.constant('user'), parts: fc.array(fc.oneof(textPart, picture), { maxLength: 3 }) }),
    )
    .map((turn) => [turn])
  const anyTurns = fc.array(fc.oneof(round, other), { maxLength: 8 }).map((rounds) => [...rounds.flat(), user('last')])

  it('are messages as Anthropic takes them, with all that was said and called in its order', () => {
    fc.assert(
      fc.property(anyTurns, (turns) => {
        const body = bodyOf(...turns)
        const seen = new Set<string>()
        let open: readonly string[] = []
        body.messages.forEach(({ role, content }, at) => {
          expect(role).toBe(at % 2 === 0 ? 'user' : 'assistant')
          const blocks = content as readonly Anthropic.ContentBlockParam[]
          expect(blocks.length).toBeGreaterThan(0)
          expect(blocks.every((block) => block.type !== 'text' || block.text.trim() !== '')).toBe(true)
          const results = blocks.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []))
          expect(results).toEqual(open)
          expect(blocks.slice(0, results.length).every(({ type }) => type === 'tool_result')).toBe(true)
          open = blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
          for (const one of open) {
            expect(one).toMatch(/^[a-zA-Z0-9_-]+$/)
            expect(seen.has(one)).toBe(false)
            seen.add(one)
          }
        })
        const spoken = turns.flatMap((turn): readonly string[] => {
          if (turn.role === 'system' || turn.role === 'tool') return []
          return turn.parts.flatMap((part) => (part.kind === 'text' && part.text.trim() !== '' ? [part.text] : []))
        })
        const read = readAnthropicRequest({ ...body })
        const told = read.turns.flatMap((turn): readonly string[] => {
          if (turn.role === 'system' || turn.role === 'tool') return []
          return turn.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : []))
        })
        expect(told.filter((one) => one !== 'Begin.' && !one.startsWith('<system>'))).toEqual(spoken)
      }),
      { numRuns: 300, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false },
    )
  })

  it('are written in time, however many they are and whatever their ids', () => {
    const many = 50_000
    const began = performance.now()
    const same = Array.from({ length: many }, () => [calls(''), result('')]).flat()
    expect(bodyOf(user('a'), ...same).messages).toHaveLength(2 * many + 1)
    const ids = Array.from({ length: many }, () => '')
    const together = bodyOf(user('a'), calls(...ids), ...ids.map((one) => result(one)), user('b')).messages
    expect(together.map(({ content }) => content.length)).toEqual([1, many, many + 1])
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
