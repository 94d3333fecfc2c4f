import { describe, expect, it, test } from 'vitest'
import { threadCpuMs } from '../../../test/support/thread-cpu-ms.ts'
import { OLLAMA_CLIENT } from '../../../test/support/tool-bodies.ts'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { Conversation, ConversationReader, Turn } from './conversation.ts'
import { readOllamaChatRequest, readOllamaGenerateRequest } from './read-ollama.ts'

const PNG = 'iVBORw0KGgo='
const HI = { role: 'user', content: 'hi' }

function chat(body: JsonObject): Conversation {
  return readOllamaChatRequest({ model: 'tiny', messages: [HI], ...body })
}

function generate(body: JsonObject): Conversation {
  return readOllamaGenerateRequest({ model: 'tiny', prompt: 'hi', ...body })
}

function turnsOf(...messages: readonly object[]): readonly Turn[] {
  return chat({ messages }).turns
}

/** The field that a body is refused for. */
function refused(read: ConversationReader, body: JsonObject): string | undefined {
  try {
    read({ model: 'tiny', ...body })
  } catch (error) {
    if (error instanceof PunkuError && error.code === 'invalid_request') return error.param
    throw error
  }
  throw new Error('the body was read')
}

const user = (text: string): Turn => ({ role: 'user', parts: [{ kind: 'text', text }] })
const call = (name: string, more: object = {}) => ({ function: { name, arguments: {} }, ...more })
const calling = (...calls: readonly object[]) => ({ role: 'assistant', content: '', tool_calls: calls })
const result = (content: string, more: object = {}) => ({ role: 'tool', content, ...more })

/** Of each result, which call it is of: id, name and what it says. */
function pairsOf(messages: readonly object[]): readonly string[] {
  return chat({ messages }).turns.flatMap((turn) =>
    turn.role === 'tool' ? [`${turn.callId} ${turn.name} ${turn.parts.map((p) => p.kind === 'text' && p.text)}`] : [],
  )
}

describe('a request of /api/chat', () => {
  it('of Cline is read whole', () => {
    const { function: told } = OLLAMA_CLIENT.tools[0] ?? {}
    expect(readOllamaChatRequest(OLLAMA_CLIENT)).toEqual({
      model: 'tiny',
      turns: [
        {
          role: 'user',
          parts: [
            { kind: 'image', mediaType: 'image/png', data: PNG },
            { kind: 'text', text: 'hi' },
          ],
        },
      ],
      tools: [told],
      sampling: { temperature: 0 },
      running: { contextLength: 32_768, keepAlive: 1_800 },
      wantsStream: false,
      dropped: [],
    })
  })

  it('streams where it does not say', () => {
    expect(chat({})).toEqual({
      model: 'tiny',
      turns: [user('hi')],
      tools: [],
      sampling: {},
      wantsStream: true,
      dropped: [],
    })
  })

  test.each<[JsonObject, object]>([
    [{ format: 'json' }, { output: { kind: 'json' } }],
    [{ format: '' }, {}],
    [{ format: { type: 'object' } }, { output: { kind: 'schema', name: 'answer', schema: { type: 'object' } } }],
    [{ think: 'max' }, { thinking: { isOn: true, effort: 'max' } }],
    [{ think: false }, { thinking: { isOn: false } }],
    [{ logprobs: true }, { logprobs: 0 }],
    [{ logprobs: true, top_logprobs: 3 }, { logprobs: 3 }],
    [{ logprobs: false }, {}],
    [{ truncate: false, shift: false }, { running: { truncates: false, shifts: false } }],
    [
      { options: { num_predict: -1, num_gpu: 1 } },
      { sampling: {}, running: { options: { num_predict: -1, num_gpu: 1 } } },
    ],
    [
      { tools: [{ type: 'function', function: { name: 'f' } }] },
      { tools: [{ name: 'f', parameters: { type: 'object', properties: {} } }] },
    ],
  ])('%j', (body, expected) => {
    const plain = { model: 'tiny', turns: [user('hi')], tools: [], sampling: {}, wantsStream: true, dropped: [] }
    expect(chat(body)).toEqual({ ...plain, ...expected })
  })

  test.each<[JsonObject, readonly string[]]>([
    [{ tool_choice: 'none', 'a b': 1, n: null }, ['tool_choice', 'unknown']],
    [{ top_logprobs: 2 }, ['top_logprobs']],
    [
      { tools: [{ type: 'web_search' }, { function: { name: 'f', x: 1 } }, { function: { name: 'f' } }] },
      ['tools.web_search', 'tools.function.x', 'tools.duplicate'],
    ],
    [{ messages: [{ ...HI, thinking: 'hm', tool_calls: [], images: [], tool_name: '' }] }, ['messages.thinking']],
    [
      { messages: [calling({ ...call('f'), x: 1, function: { name: 'f', index: 0, y: 1 } })] },
      ['messages.tool_calls.x', 'messages.tool_calls.function.y'],
    ],
  ])('%j has no place for what is named', (body, names) => {
    expect(chat(body).dropped).toEqual(names)
  })

  test.each<[JsonObject, string]>([
    [{ messages: [] }, 'messages'],
    [{}, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [HI, { role: 'developer', content: 'x' }] }, 'messages[1].role'],
    [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', images: ['https://h/x.png'] }] }, 'messages[0].images[0]'],
    [{ messages: [{ role: 'user', images: ['AAAAAAAA'] }] }, 'messages[0].images[0]'],
    [{ messages: [{ role: 'user', images: ['n o'] }] }, 'messages[0].images[0]'],
    [{ messages: [{ role: 'system', content: 'x', images: [PNG] }] }, 'messages[0].images'],
    [{ messages: [calling(call('f'), { function: {} })] }, 'messages[0].tool_calls[1].function.name'],
    [
      { messages: [calling({ function: { name: 'f', arguments: '{}' } })] },
      'messages[0].tool_calls[0].function.arguments',
    ],
    [{ messages: [HI], format: 'xml' }, 'format'],
    [{ messages: [HI], top_logprobs: 21 }, 'top_logprobs'],
    [{ messages: [HI], tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ messages: [HI], think: 'hard' }, 'think'],
  ])('%j is refused for %s', (body, param) => {
    expect(refused(readOllamaChatRequest, body)).toBe(param)
  })
})

describe('pictures', () => {
  const base64 = (bytes: string) => btoa(bytes.padEnd(18, 'x'))
  test.each([
    [base64('\x89PNG\r\n\x1a\n'), 'image/png'],
    [base64('\xff\xd8\xff\xe0'), 'image/jpeg'],
    [base64('GIF89a'), 'image/gif'],
    [base64('RIFF\n\x00\x00\x01WEBPVP8 '), 'image/webp'],
    ['R0lGODlh', 'image/gif'],
  ])('%s is %s, whatever it is called', (data, mediaType) => {
    const picture = { kind: 'image', mediaType, data }
    const messages = [
      { role: 'user', content: '', images: [data, `data:image/bmp;base64,${data}`, `data:;base64,${data}`] },
    ]
    expect(turnsOf(...messages)).toEqual([{ role: 'user', parts: [picture, picture, picture] }])
  })

  it('of no known kind are what they are called', () => {
    const messages = [{ role: 'user', content: 'x', images: ['data:image/BMP;base64,AAAA'] }]
    expect(turnsOf(...messages)).toEqual([
      {
        role: 'user',
        parts: [
          { kind: 'image', mediaType: 'image/bmp', data: 'AAAA' },
          { kind: 'text', text: 'x' },
        ],
      },
    ])
  })
})

describe('calls and results', () => {
  it('keep what they say', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'assistant',
        content: 'So',
        thinking: 'hm',
        tool_calls: [{ id: 'a', function: { name: 'f', arguments: { b: [1] } } }],
      },
      { role: 'tool', content: '', images: [PNG], tool_call_id: 'a' },
    ]
    expect(turnsOf(...messages)).toEqual([
      { role: 'system', text: 'Be brief.' },
      {
        role: 'assistant',
        parts: [
          { kind: 'thinking', text: 'hm' },
          { kind: 'text', text: 'So' },
          { kind: 'call', id: 'a', name: 'f', arguments: '{"b":[1]}' },
        ],
      },
      {
        role: 'tool',
        callId: 'a',
        name: 'f',
        isError: false,
        parts: [{ kind: 'image', mediaType: 'image/png', data: PNG }],
      },
    ])
  })

  test.each<[string, readonly object[], readonly string[]]>([
    [
      'by id',
      [
        calling(call('f', { id: 'a' }), call('f', { id: 'b' })),
        result('1', { tool_call_id: 'b' }),
        result('2', { tool_call_id: 'a' }),
      ],
      ['b f 1', 'a f 2'],
    ],
    [
      'by name',
      [calling(call('f'), call('g')), result('1', { tool_name: 'g' }), result('2', { tool_name: 'f' })],
      ['call_2 g 1', 'call_1 f 2'],
    ],
    [
      'by name, in order',
      [
        calling(call('f'), call('g'), call('f')),
        result('1', { tool_name: 'f' }),
        result('2', { tool_name: 'f' }),
        result('3'),
      ],
      ['call_1 f 1', 'call_3 f 2', 'call_2 g 3'],
    ],
    ['in order', [calling(call('f')), calling(call('g')), result('1'), result('2')], ['call_1 f 1', 'call_2 g 2']],
    [
      'in order, behind one by id',
      [calling(call('f', { id: 'a' }), call('g')), result('1', { tool_call_id: 'a' }), result('2')],
      ['a f 1', 'call_1 g 2'],
    ],
    ['not with a call of before', [calling(call('f')), HI, calling(call('f')), result('1')], ['call_2 f 1']],
    [
      'but by its id',
      [calling(call('f', { id: 'a' })), HI, calling(call('g')), result('1', { tool_call_id: 'a' })],
      ['a f 1'],
    ],
    [
      'with no call',
      [result('1'), result('2', { tool_name: 'f' }), result('3', { tool_call_id: 'x' })],
      ['call_1 undefined 1', 'call_2 f 2', 'x undefined 3'],
    ],
    [
      'with ids that nobody else has',
      [calling(call('f')), result('1'), calling(call('g', { id: 'call_1' })), result('2', { tool_call_id: 'call_2' })],
      ['call_3 f 1', 'call_2 undefined 2'],
    ],
  ])('pair %s', (_, messages, expected) => {
    expect(pairsOf(messages)).toEqual(expected)
  })

  it('by the hundred thousand pair at once', () => {
    const many = 100_000
    const calls = Array.from({ length: many }, (_, at) => call(`f${at % 3}`))
    const results = Array.from({ length: many }, (_, at) => result('', at % 2 === 0 ? {} : { tool_name: 'f2' }))
    const began = threadCpuMs()
    expect(new Set(pairsOf([{ role: 'assistant', tool_calls: calls }, ...results]))).toHaveLength(many)
    expect(threadCpuMs() - began).toBeLessThan(5_000)
  })
})

describe('a request of /api/generate', () => {
  it('is a turn of the user, behind that of the system', () => {
    expect(generate({ system: 'Be brief.', images: [PNG], raw: false, suffix: '', template: '', context: [] })).toEqual(
      {
        model: 'tiny',
        turns: [
          { role: 'system', text: 'Be brief.' },
          {
            role: 'user',
            parts: [
              { kind: 'image', mediaType: 'image/png', data: PNG },
              { kind: 'text', text: 'hi' },
            ],
          },
        ],
        tools: [],
        sampling: {},
        wantsStream: true,
        dropped: [],
      },
    )
  })

  it.each<[unknown, readonly string[] | undefined]>([
    ['', undefined],
    [[''], undefined],
    [['', 'END', ''], ['END']],
    // It takes the place of the model's own.
    [[], []],
  ])('takes no empty text to stop at, of %j', (stop, expected) => {
    expect(generate({ options: { stop } }).sampling.stop).toEqual(expected)
  })

  it('takes the options of a chat, and no tools', () => {
    const body = {
      format: 'json',
      think: true,
      options: { seed: 1, stop: 'x' },
      keep_alive: '5m',
      stream: false,
      tools: [],
    }
    expect(generate(body)).toEqual({
      model: 'tiny',
      turns: [user('hi')],
      tools: [],
      sampling: { seed: 1, stop: ['x'] },
      thinking: { isOn: true },
      output: { kind: 'json' },
      running: { keepAlive: '5m' },
      wantsStream: false,
      dropped: [],
    })
  })

  test.each<[JsonObject, string]>([
    [{}, 'prompt'],
    [{ prompt: '' }, 'prompt'],
    [{ prompt: 'hi', suffix: 'x' }, 'suffix'],
    [{ prompt: 'hi', template: '{{ .Prompt }}' }, 'template'],
    [{ prompt: 'hi', raw: true }, 'raw'],
    [{ prompt: 'hi', context: [1] }, 'context'],
    [{ prompt: 'hi', tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ prompt: 'hi', images: ['http://h/x'] }, 'images[0]'],
    [{ prompt: 'hi', model: '' }, 'model'],
  ])('%j is refused for %s', (body, param) => {
    expect(refused(readOllamaGenerateRequest, body)).toBe(param)
  })
})
