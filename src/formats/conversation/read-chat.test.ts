import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { Conversation } from './conversation.ts'
import { readChatRequest } from './read-chat.ts'

const PICTURE = 'data:image/png;base64,iVBORw0KGgo='
const IMAGE = { kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }
const HI = { role: 'user', content: 'hi' }
const LOOK = { type: 'function', function: { name: 'look' } }
const SEE = { type: 'function', function: { name: 'see' } }

function read(body: JsonObject): Conversation {
  return readChatRequest({ model: 'tiny', messages: [HI], ...body })
}

function turnsOf(...messages: readonly object[]): unknown {
  return read({ messages }).turns
}

function text(said: string): object {
  return { kind: 'text', text: said }
}

function call(id: string, name: string, argumentsText = '{}'): object {
  return { kind: 'call', id, name, arguments: argumentsText }
}

function gave(callId: string, name: string | undefined, ...parts: readonly object[]): object {
  return { role: 'tool', callId, name, isError: false, parts }
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

/** The same of one message. */
function refusedMessage(message: unknown): string | undefined {
  return refused({ messages: [message] })
}

describe('a request of /v1/chat/completions', () => {
  it("of OpenAI's own types is read whole", () => {
    const params: ChatCompletionCreateParams = {
      model: 'tiny',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: PICTURE } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a cat' }] },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'look', description: 'Looks.', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
      max_completion_tokens: 64,
      max_tokens: 5,
      temperature: 0,
      top_p: 0.5,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      logit_bias: { '50256': -100 },
      seed: 7,
      stop: 'END',
      n: 1,
      logprobs: true,
      top_logprobs: 3,
      reasoning_effort: 'high',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
      stream: true,
      stream_options: { include_usage: true },
    }
    expect(readChatRequest(params as unknown as JsonObject)).toEqual({
      model: 'tiny',
      turns: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', parts: [text('What is it?'), IMAGE] },
        { role: 'assistant', parts: [call('c1', 'look', '{"at":1}')] },
        gave('c1', 'look', text('a cat')),
      ],
      tools: [{ name: 'look', description: 'Looks.', parameters: { type: 'object' }, isStrict: true }],
      toolChoice: 'any',
      mayCallSeveral: false,
      sampling: {
        ...{ maxTokens: 64, temperature: 0, topP: 0.5, presencePenalty: 0.1, frequencyPenalty: 0.2, seed: 7 },
        ...{ stop: ['END'], logitBias: { '50256': -100 } },
      },
      logprobs: 3,
      thinking: { isOn: true, effort: 'high' },
      output: { kind: 'schema', name: 'n', schema: { type: 'object' }, isStrict: true },
      wantsStream: true,
      dropped: [],
    })
  })

  it('says no more than it must', () => {
    expect(read({})).toEqual({
      model: 'tiny',
      turns: [{ role: 'user', parts: [text('hi')] }],
      tools: [],
      sampling: {},
      wantsStream: false,
      dropped: [],
    })
  })

  it('passes over what changes nothing', () => {
    const body = {
      ...{ user: 'u', metadata: { a: 'b' }, store: false, service_tier: 'auto', safety_identifier: 's' },
      ...{ prompt_cache_key: 'k', prompt_cache_retention: '24h', prompt_cache_options: {}, verbosity: 'low' },
      ...{ prediction: { type: 'content', content: 'x' }, stream_options: { include_usage: true }, n: 1 },
      ...{ modalities: ['text'], audio: null, tools: null, stop: [], logprobs: false, top_logprobs: 0, max_tokens: -1 },
      ...{ response_format: { type: 'text' }, reasoning: { summary: 'auto' }, whatever: null },
    }
    expect(read(body)).toEqual(read({}))
  })
})

describe('turns', () => {
  it('of a system are its texts, blank lines apart; an empty one is none', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'text', text: '' },
      { type: 'text', text: 'b', cache_control: {} },
    ]
    expect(turnsOf({ role: 'system', content }, { role: 'system', content: '' }, HI)).toEqual([
      { role: 'system', text: 'a\n\nb' },
      { role: 'user', parts: [text('hi')] },
    ])
  })

  it('hold pictures and the text of files', () => {
    const content = [
      { type: 'image_url', image_url: { url: 'data:image/JPEG;base64,AAAA', detail: 'auto' } },
      { type: 'image_url', image_url: PICTURE },
      { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,aMOpIQ==' } },
      { type: 'file', file: { file_data: 'data:text/plain,a%20b' } },
    ]
    expect(turnsOf({ role: 'user', content })).toEqual([
      {
        role: 'user',
        parts: [{ kind: 'image', mediaType: 'image/jpeg', data: 'AAAA' }, IMAGE, text('a.txt:\n\nhé!'), text('a b')],
      },
    ])
  })

  it('of an assistant are its thoughts, texts and calls, each a turn of its own', () => {
    const refusal = [{ type: 'refusal', refusal: 'No.' }]
    expect(
      turnsOf(
        HI,
        {
          role: 'assistant',
          content: 'A',
          reasoning_content: 'hm',
          reasoning: 'hm',
          annotations: [],
          tool_calls: null,
        },
        { role: 'assistant', content: refusal },
        { role: 'assistant', content: null, refusal: 'Never.', reasoning: 'so' },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: '', tool_calls: [{ id: 'c', function: { name: 'look', arguments: '' } }] },
      ),
    ).toEqual([
      { role: 'user', parts: [text('hi')] },
      { role: 'assistant', parts: [{ kind: 'thinking', text: 'hm' }, text('A')] },
      { role: 'assistant', parts: [text('No.')] },
      { role: 'assistant', parts: [{ kind: 'thinking', text: 'so' }, text('Never.')] },
      { role: 'assistant', parts: [call('c', 'look')] },
    ])
  })

  it('of tools stand behind their calls, under the name of the last call by that id', () => {
    const calling = (id: string, name: string) => ({
      role: 'assistant',
      tool_calls: [{ id, type: 'function', function: { name, arguments: '{}' } }],
    })
    const content = [
      { type: 'text', text: 'here' },
      { type: 'image_url', image_url: { url: PICTURE } },
    ]
    expect(
      turnsOf(
        calling('c', 'look'),
        HI,
        { role: 'tool', tool_call_id: 'c', content, name: 'other' },
        calling('c', 'see'),
        { role: 'tool', tool_call_id: 'c', content: 'x' },
        { role: 'tool', tool_call_id: 'd', content: null, name: 'own' },
        { role: 'tool', tool_call_id: 'e', content: '', tool_name: 'native' },
        { role: 'tool', tool_call_id: 'f', content: '' },
      ),
    ).toEqual([
      { role: 'assistant', parts: [call('c', 'look')] },
      gave('c', 'look', text('here'), IMAGE),
      { role: 'user', parts: [text('hi')] },
      { role: 'assistant', parts: [call('c', 'see')] },
      gave('c', 'see', text('x')),
      gave('d', 'own'),
      gave('e', 'native', text('')),
      gave('f', undefined, text('')),
    ])
  })

  it('of the old calls get ids that no other call has', () => {
    const old = (name: string) => ({ role: 'assistant', content: null, function_call: { name, arguments: '{"a":1}' } })
    expect(
      turnsOf(
        { role: 'assistant', tool_calls: [{ id: 'call00000', function: { name: 'see' } }] },
        old('look'),
        { role: 'function', name: 'look', content: 'one' },
        old('look'),
        { role: 'function', name: 'look', content: 'two' },
        { role: 'function', name: 'stray', content: 'three' },
      ),
    ).toEqual([
      { role: 'assistant', parts: [call('call00000', 'see')] },
      { role: 'assistant', parts: [call('call00001', 'look', '{"a":1}')] },
      gave('call00001', 'look', text('one')),
      { role: 'assistant', parts: [call('call00002', 'look', '{"a":1}')] },
      gave('call00002', 'look', text('two')),
      gave('call00003', 'stray', text('three')),
    ])
  })

  it('of custom tools are calls with one text', () => {
    const tool_calls = [{ id: 'c', type: 'custom', custom: { name: 'sh', input: 'ls' } }]
    expect(turnsOf({ role: 'assistant', tool_calls })).toEqual([
      { role: 'assistant', parts: [call('c', 'sh', '{"input":"ls"}')] },
    ])
  })

  it('and parts by the hundred thousand are read at once', () => {
    const many = 100_000
    const began = performance.now()
    const calls = Array.from({ length: many }, (_, at) => ({
      role: 'assistant',
      function_call: { name: `f${at % 9}` },
    }))
    const results = Array.from({ length: many }, (_, at) => ({ role: 'function', name: `f${at % 9}`, content: 'x' }))
    const content = Array.from({ length: many }, () => ({ type: 'text', text: 'x' }))
    const messages = [...calls, ...results, { role: 'user', content }]
    expect(read({ messages }).turns).toHaveLength(2 * many + 1)
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})

describe('tools', () => {
  it('are functions, of the old list too, each name once', () => {
    const body = { tools: [LOOK, { ...SEE, cache_control: {} }, LOOK], functions: [{ name: 'see' }, { name: 'old' }] }
    const parameters = { type: 'object', properties: {} }
    expect(read(body)).toMatchObject({
      tools: ['look', 'see', 'old'].map((name) => ({ name, parameters })),
      dropped: ['tools.duplicate'],
    })
  })

  const allowed = (mode: string, ...tools: readonly object[]) => ({
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools } },
  })
  it.each<[JsonObject, unknown, string[]]>([
    [{}, undefined, ['look', 'see']],
    [{ tool_choice: 'auto' }, 'auto', ['look', 'see']],
    [{ tool_choice: 'none' }, 'none', ['look', 'see']],
    [{ tool_choice: 'required' }, 'any', ['look', 'see']],
    [{ tool_choice: SEE }, { name: 'see' }, ['look', 'see']],
    [{ function_call: 'none' }, 'none', ['look', 'see']],
    [{ function_call: { name: 'look' } }, { name: 'look' }, ['look', 'see']],
    [allowed('auto', SEE), 'auto', ['see']],
    [allowed('required', SEE, LOOK), 'any', ['look', 'see']],
    [allowed('auto'), 'auto', []],
  ])('may be chosen: %j', (body, toolChoice, names) => {
    const conversation = read({ tools: [LOOK, SEE], ...body })
    expect(conversation.toolChoice).toEqual(toolChoice)
    expect(conversation.tools.map(({ name }) => name)).toEqual(names)
    expect(conversation.dropped).toEqual([])
  })
})

describe('options', () => {
  it.each<[JsonObject, object]>([
    [{ max_tokens: 9 }, { maxTokens: 9 }],
    [{ max_completion_tokens: 8, max_tokens: 9 }, { maxTokens: 8 }],
    [{ max_completion_tokens: null, max_tokens: 9, options: { num_predict: 4 } }, { maxTokens: 9 }],
    [
      { options: { num_predict: 4, temperature: 1, top_k: 2 }, temperature: 0 },
      { maxTokens: 4, temperature: 0, topK: 2 },
    ],
    [
      { top_k: 0, min_p: 0.1, typical_p: 0.9, repeat_last_n: 64 },
      { topK: 0, minP: 0.1, typicalP: 0.9, repeatLastN: 64 },
    ],
    [{ repetition_penalty: 1.1 }, { repeatPenalty: 1.1 }],
    [{ repetition_penalty: 1.1, repeat_penalty: 1.2 }, { repeatPenalty: 1.2 }],
    [{ stop: ['a', '', 'b'] }, { stop: ['a', 'b'] }],
    [{ stop: '' }, {}],
  ])('of sampling: %j', (body, sampling) => {
    expect(read(body).sampling).toEqual(sampling)
  })

  it('of running the model are read beside them', () => {
    const body = { options: { num_ctx: 4096, num_gpu: 1 }, keep_alive: '5m', truncate: false }
    expect(read(body).running).toEqual({
      contextLength: 4096,
      keepAlive: '5m',
      truncates: false,
      options: { num_gpu: 1 },
    })
  })

  const switched = (enable_thinking: boolean) => ({ chat_template_kwargs: { enable_thinking } })
  it.each<[JsonObject, object | undefined, string[]]>([
    ...(['low', 'medium', 'high', 'max'] as const).map((effort): [JsonObject, object, string[]] => [
      { reasoning_effort: effort },
      { isOn: true, effort },
      [],
    ]),
    [{ reasoning_effort: 'minimal' }, { isOn: true, effort: 'low' }, []],
    [{ reasoning_effort: 'xhigh' }, { isOn: true, effort: 'max' }, []],
    [{ reasoning: { effort: 'ultra' } }, { isOn: true, effort: 'max' }, []],
    [{ reasoning_effort: 'none' }, { isOn: false }, []],
    [{ reasoning_effort: 'low', reasoning: { effort: 'high' } }, { isOn: true, effort: 'low' }, []],
    [{ reasoning_effort: 'constructor' }, undefined, ['reasoning_effort']],
    [{ reasoning: { effort: 'extreme', depth: 1 } }, undefined, ['reasoning.depth', 'reasoning.effort']],
    [switched(true), { isOn: true }, []],
    [switched(false), { isOn: false }, []],
    [{ ...switched(true), reasoning_effort: 'low' }, { isOn: true, effort: 'low' }, []],
    [{ ...switched(false), reasoning_effort: 'low' }, { isOn: false }, ['reasoning_effort']],
    [{ ...switched(true), reasoning_effort: 'none' }, { isOn: false }, ['chat_template_kwargs.enable_thinking']],
    [{ think: false }, { isOn: false }, []],
    [{ think: 'high' }, { isOn: true, effort: 'high' }, []],
    [{ think: false, reasoning_effort: 'low' }, { isOn: true, effort: 'low' }, []],
  ])('of thinking: %j', (body, thinking, dropped) => {
    expect(read(body).thinking).toEqual(thinking)
    expect(read(body).dropped).toEqual(dropped)
  })

  const schema = { type: 'object' }
  it.each<[JsonObject, object | undefined]>([
    [{ type: 'json_object' }, { kind: 'json' }],
    [
      { type: 'json_object', schema },
      { kind: 'schema', name: 'answer', schema },
    ],
    [
      { type: 'json_schema', json_schema: { schema, strict: false } },
      { kind: 'schema', name: 'answer', schema, isStrict: false },
    ],
    [
      { type: 'json_schema', schema },
      { kind: 'schema', name: 'answer', schema },
    ],
  ])('of the answer: %j', (response_format, output) => {
    expect(read({ response_format }).output).toEqual(output)
  })

  it('of likelihoods count the others beside each token', () => {
    expect(read({ logprobs: true }).logprobs).toBe(0)
    expect(read({ logprobs: true, top_logprobs: 20 }).logprobs).toBe(20)
  })
})

it.each<[JsonObject, string[]]>([
  [{ web_search_options: {}, grammar: 'root ::= "a"', 'a b': 1 }, ['web_search_options', 'grammar', 'unknown']],
  [
    { tools: [{ type: 'web_search' }, { type: 'custom', custom: { name: 'sh' } }] },
    ['tools.web_search', 'tools.custom'],
  ],
  [{ tools: [{ ...LOOK, defer: true }] }, ['tools.defer']],
  [{ functions: [{ name: 'look', version: 2 }] }, ['tools.function.version']],
  [{ tools: [{ type: 'custom' }], tool_choice: 'required' }, ['tools.custom', 'tool_choice']],
  [{ tool_choice: { type: 'custom', custom: { name: 'sh' } } }, ['tool_choice.custom']],
  [
    {
      tools: [LOOK],
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'mcp' }] } },
    },
    ['tool_choice.mcp', 'tool_choice'],
  ],
  [{ tool_choice: 'none', function_call: 'auto' }, ['function_call']],
  [{ top_logprobs: 2 }, ['top_logprobs']],
  [{ chat_template_kwargs: { enable_thinking: null, budget: 3 } }, ['chat_template_kwargs.budget']],
  [{ response_format: { type: 'grammar', grammar: 'g' } }, ['response_format']],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema: {} } } },
    ['response_format.json_schema.description'],
  ],
  [
    {
      messages: [
        { role: 'user', name: 'ana', content: [{ type: 'text', text: 'hi', tone: 'loud' }] },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: PICTURE, detail: 'high' } }] },
        { role: 'assistant', content: 'x', reasoning_content: 'a', reasoning: 'b', reasoning_details: [] },
      ],
    },
    [
      'messages.name',
      'messages.content.tone',
      'messages.image_url.detail',
      'messages.reasoning_details',
      'messages.reasoning',
    ],
  ],
])('what is not carried is named: %j', (body, dropped) => {
  expect(read(body).dropped).toEqual(dropped)
})

describe('what would change the meaning is refused', () => {
  it.each<[JsonObject, string]>([
    [{ model: undefined }, 'model'],
    [{ messages: undefined }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ n: 2 }, 'n'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ audio: { voice: 'alloy' } }, 'audio'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_completion_tokens: 5, max_tokens: 'x' }, 'max_tokens'],
    [{ logit_bias: [[1, 2]] }, 'logit_bias'],
    [{ stop: ['a', 7] }, 'stop[1]'],
    [{ stop: 7 }, 'stop'],
    [{ stream: 'yes' }, 'stream'],
    [{ logprobs: 3 }, 'logprobs'],
    [{ logprobs: true, top_logprobs: -1 }, 'top_logprobs'],
    [{ reasoning_effort: 3 }, 'reasoning_effort'],
    [{ chat_template_kwargs: { enable_thinking: 'no' } }, 'chat_template_kwargs.enable_thinking'],
    [{ response_format: { type: 'json_schema', json_schema: { name: 'n' } } }, 'response_format.json_schema.schema'],
    [{ tools: [7] }, 'tools[0]'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ functions: [{ name: 'f', parameters: 'x' }] }, 'functions[0].parameters'],
    [{ tool_choice: 'any' }, 'tool_choice'],
    [{ tool_choice: LOOK }, 'tool_choice'],
    [{ tools: [LOOK], tool_choice: { type: 'function' } }, 'tool_choice.function'],
    [{ function_call: { name: 'look' } }, 'function_call'],
    [{ function_call: 'required' }, 'function_call'],
    [
      { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'none', tools: [] } } },
      'tool_choice.allowed_tools.mode',
    ],
    [
      { tools: [LOOK], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [SEE] } } },
      'tool_choice.allowed_tools.tools',
    ],
  ])('%j', (body, param) => {
    expect(refused(body)).toBe(param)
  })

  const part = (one: object) => ({ role: 'user', content: [one] })
  it.each<[unknown, string]>([
    [7, ''],
    [{ role: 'critic', content: 'x' }, '.role'],
    [{ role: 'user', content: 7 }, '.content'],
    [part({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }), '.content[0].type'],
    [part({ type: 'image_url', image_url: { url: 'https://x/a b.png' } }), '.content[0].image_url'],
    [part({ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }), '.content[0].image_url'],
    [part({ type: 'image_url' }), '.content[0].image_url'],
    [part({ type: 'file', file: { file_id: 'f' } }), '.content[0].file.file_data'],
    [part({ type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } }), '.content[0].file.file_data'],
    [{ role: 'system', content: [{ type: 'image_url', image_url: { url: PICTURE } }] }, '.content'],
    [{ role: 'assistant', content: [{ type: 'image_url', image_url: { url: PICTURE } }] }, '.content'],
    [{ role: 'assistant', audio: { id: 'a' } }, '.audio'],
    [{ role: 'assistant', tool_calls: [{ function: { name: 'f' } }] }, '.tool_calls[0].id'],
    [{ role: 'assistant', tool_calls: [{ id: 'c', type: 'mcp' }] }, '.tool_calls[0].type'],
    [{ role: 'assistant', tool_calls: [{ id: 'c', function: {} }] }, '.tool_calls[0].function.name'],
    [
      { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] },
      '.tool_calls[0].function.arguments',
    ],
    [{ role: 'assistant', function_call: { arguments: '{}' } }, '.function_call.name'],
    [{ role: 'tool', content: 'x' }, '.tool_call_id'],
    [{ role: 'function', content: 'x' }, '.name'],
  ])('in a message: %j', (message, place) => {
    expect(refusedMessage(message)).toBe(`messages[0]${place}`)
  })
})
