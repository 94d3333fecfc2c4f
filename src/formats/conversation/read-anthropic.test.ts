import type Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import { readAnthropicRequest } from './read-anthropic.ts'

const HI = { role: 'user', content: 'Hi' }

/** What is read of a body with these fields; those that it must have are there. */
const read = (fields: object) => readAnthropicRequest({ model: 'm', max_tokens: 9, messages: [HI], ...fields })

/** The turns of these messages, and what was dropped of them. */
function turnsOf(...messages: readonly object[]) {
  const { turns, dropped } = read({ messages })
  return { turns, dropped }
}

const user = (...content: readonly object[]) => ({ role: 'user', content })
const assistant = (...content: readonly object[]) => ({ role: 'assistant', content })
const block = (text: string, more: object = {}) => ({ type: 'text', text, ...more })
const said = (text: string) => ({ kind: 'text', text })

const PNG = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } }
const PICTURE = { kind: 'image', mediaType: 'image/png', data: 'iVBORw0=' }
const CALL = { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } }

it('reads what the client library takes', () => {
  const body = {
    model: 'qwen3',
    max_tokens: 100,
    system: [
      block('Be brief.', { cache_control: { type: 'ephemeral' } }),
      block('Be kind.'),
    ] as Anthropic.TextBlockParam[],
    messages: [{ role: 'user', content: 'Weather?' }],
    tools: [{ name: 'weather', description: 'Looks out.', input_schema: { type: 'object' }, strict: true }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    thinking: { type: 'adaptive' },
    output_config: { effort: 'xhigh', format: { type: 'json_schema', schema: { type: 'object' } } },
    stream: true,
    metadata: { user_id: 'u' },
    service_tier: 'auto',
    cache_control: { type: 'ephemeral' },
  } satisfies Anthropic.MessageCreateParams
  // Those that the client library no longer has, and other clients send.
  const sampling = { temperature: 0.5, top_p: 0.9, top_k: 40 }
  expect(readAnthropicRequest({ ...body, ...sampling })).toEqual({
    model: 'qwen3',
    turns: [
      { role: 'system', text: 'Be brief.\n\nBe kind.' },
      { role: 'user', parts: [said('Weather?')] },
    ],
    tools: [{ name: 'weather', description: 'Looks out.', parameters: { type: 'object' }, isStrict: true }],
    toolChoice: 'any',
    mayCallSeveral: false,
    sampling: { maxTokens: 100, temperature: 0.5, topP: 0.9, topK: 40, stop: ['END'] },
    thinking: { isOn: true, effort: 'max' },
    output: { kind: 'schema', name: 'answer', schema: { type: 'object' } },
    running: { truncates: false },
    wantsStream: true,
    dropped: [],
  })
})

it('says nothing of what the request does not', () => {
  expect(readAnthropicRequest({ model: 'm', messages: [HI] })).toEqual({
    model: 'm',
    turns: [{ role: 'user', parts: [said('Hi')] }],
    tools: [],
    sampling: {},
    running: { truncates: false },
    wantsStream: false,
    dropped: [],
  })
})

it('takes a null as nothing', () => {
  const fields = ['system', 'tools', 'tool_choice', 'temperature', 'thinking', 'output_config', 'stream', 'container']
  expect(read(Object.fromEntries(fields.map((field) => [field, null])))).toEqual(read({}))
})

describe('the system prompt', () => {
  it.each<[string, unknown, string | undefined]>([
    ['text', 'Be brief.', 'Be brief.'],
    ['blocks', [block('a'), block('b')], 'a\n\nb'],
    ['a block that says who pays', [block('x-anthropic-billing-header: cc_version=2; '), block('a')], 'a'],
    ['that block alone', [block('x-anthropic-billing-header: cc_version=2;')], undefined],
    ['empty blocks', [block('a'), block(''), block('b')], 'a\n\nb'],
    ['nothing', '', undefined],
  ])('is read from %s', (_, system, expected) => {
    const [first] = read({ system }).turns
    expect(first).toEqual(
      expected === undefined ? { role: 'user', parts: [said('Hi')] } : { role: 'system', text: expected },
    )
  })

  it('keeps its place in the middle', () => {
    const { turns } = turnsOf(
      HI,
      { role: 'system', content: 'Now.' },
      { role: 'system', content: [block('a'), block('b')] },
      HI,
    )
    expect(turns.map((turn) => (turn.role === 'system' ? turn.text : turn.role))).toEqual([
      'user',
      'Now.',
      'a\n\nb',
      'user',
    ])
  })

  it('names what it has no place for', () => {
    expect(read({ system: [block('a'), PNG] }).dropped).toEqual(['system.image'])
  })
})

describe('what a user says', () => {
  it.each<[string, object, object]>([
    ['text', block('a', { cache_control: { type: 'ephemeral' }, citations: [] }), said('a')],
    ['a picture', PNG, PICTURE],
    ['a picture in a URL', { type: 'image', source: { type: 'url', url: 'data:image/PNG;base64,iVBORw0=' } }, PICTURE],
    ['a document', { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' } }, said('d')],
    [
      'a document of parts, with a title',
      { type: 'document', title: 'T', context: 'C', source: { type: 'content', content: [block('a'), block('b')] } },
      said('T\n\nC\n\na\n\nb'),
    ],
    ['a document of one text', { type: 'document', source: { type: 'content', content: 'a' } }, said('a')],
    ['a search result', { type: 'search_result', title: 'T', source: 'S', content: [block('a')] }, said('T\n\nS\n\na')],
    [
      'a picture elsewhere',
      { type: 'image', source: { type: 'url', url: 'https://e.test/a.png' } },
      { kind: 'image', url: 'https://e.test/a.png' },
    ],
  ])('is read from %s', (_, content, part) => {
    expect(turnsOf(user(content))).toEqual({ turns: [{ role: 'user', parts: [part] }], dropped: [] })
  })

  it.each<[string, object, string]>([
    ['a picture on the disk', { type: 'image', source: { type: 'url', url: 'file:///a.png' } }, 'source'],
    ['a picture in a file', { type: 'image', source: { type: 'file', file_id: 'f' } }, 'source'],
    ['a URL of something else', { type: 'image', source: { type: 'url', url: 'data:text/html;base64,aa' } }, 'source'],
    ['a picture without a source', { type: 'image' }, 'source'],
    ['an address as data', { type: 'image', source: { ...PNG.source, data: 'http://e.test/' } }, 'source.data'],
    ['no data', { type: 'image', source: { ...PNG.source, data: '' } }, 'source.data'],
    ['another type', { type: 'image', source: { ...PNG.source, media_type: 'image/png;x,y' } }, 'source.media_type'],
    ['a PDF', { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aa' } }, 'source'],
    ['a document elsewhere', { type: 'document', source: { type: 'url', url: 'https://e.test/a.pdf' } }, 'source'],
    [
      'a document with a picture',
      { type: 'document', source: { type: 'content', content: [PNG] } },
      'source.content.0',
    ],
  ])('is refused with %s', (_, content, place) => {
    expectRefusal({ messages: [HI, user(block('a'), content)] }, `messages.1.content.1.${place}`)
  })

  it('has every result of a tool before it, with the name of the tool', () => {
    const result = (id: string, more: object) => ({ type: 'tool_result', tool_use_id: id, ...more })
    const { turns } = turnsOf(
      HI,
      assistant(CALL, { ...CALL, id: 'toolu_2', name: 'g' }),
      user(
        block('before'),
        result('toolu_2', { content: 'two' }),
        PNG,
        result('toolu_1', { content: [block('one'), PNG], is_error: true }),
        result('toolu_3', {}),
      ),
    )
    expect(turns.slice(2)).toEqual([
      { role: 'tool', callId: 'toolu_2', name: 'g', isError: false, parts: [said('two')] },
      { role: 'tool', callId: 'toolu_1', name: 'f', isError: true, parts: [said('one'), PICTURE] },
      { role: 'tool', callId: 'toolu_3', name: undefined, isError: false, parts: [] },
      { role: 'user', parts: [said('before'), PICTURE] },
    ])
  })

  it('is no turn where it is a result alone, or nothing', () => {
    const { turns } = turnsOf(HI, user({ type: 'tool_result', tool_use_id: 'a', content: 'x' }), user(), assistant())
    expect(turns.map(({ role }) => role)).toEqual(['user', 'tool'])
  })
})

describe('what a model said', () => {
  it('is text, thinking and calls in their order', () => {
    const { turns, dropped } = turnsOf(
      HI,
      { role: 'assistant', content: 'Yes.' },
      assistant(
        { type: 'thinking', thinking: 'Hm', signature: 's' },
        block('a'),
        CALL,
        { type: 'thinking', thinking: '', signature: 's' },
        { ...CALL, id: 'toolu_2', input: undefined },
      ),
    )
    expect(turns.slice(1)).toEqual([
      { role: 'assistant', parts: [said('Yes.')] },
      {
        role: 'assistant',
        parts: [
          { kind: 'thinking', text: 'Hm' },
          said('a'),
          { kind: 'call', id: 'toolu_1', name: 'f', arguments: '{"a":1}' },
          { kind: 'call', id: 'toolu_2', name: 'f', arguments: '{}' },
        ],
      },
    ])
    expect(dropped).toEqual([])
  })
})

describe('what is dropped', () => {
  it('is named once', () => {
    const odd = { type: 'container_upload', file_id: 'f' }
    const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }
    const { dropped } = turnsOf(
      user(odd, odd, block('a'), { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_reference' }] }),
      assistant(search, { type: 'redacted_thinking', data: 'x' }),
    )
    expect(dropped).toEqual([
      'messages.content.container_upload',
      'messages.content.tool_reference',
      'messages.content.server_tool_use',
      'messages.content.redacted_thinking',
    ])
  })

  it('is every other field of the request', () => {
    const fields = {
      container: 'c',
      inference_geo: 'eu',
      speed: 'fast',
      whatever: 0,
      metadata: {},
      context_management: {},
    }
    expect(read(fields).dropped).toEqual(['container', 'inference_geo', 'speed', 'whatever'])
  })

  it('is what messages, blocks and the choice of tools say beside what is known', () => {
    const document = { type: 'document', source: { type: 'text', data: 'd' } }
    const { dropped } = read({
      system: [block('a', { tone: 'kind' })],
      messages: [
        { role: 'user', content: 'Hi', mood: 'glad' },
        user(block('a', { size: 1 }), { ...PNG, transformations: {} }),
        user(
          { ...document, citations: { enabled: true } },
          { type: 'search_result', content: [block('x', { rank: 1 })] },
        ),
        assistant({ ...CALL, toolset_name: 't', caller: { type: 'code_execution_20250825', tool_id: 's' } }),
        user({ type: 'tool_result', tool_use_id: 'toolu_1', content: [block('x', { page: 1 })], took_ms: 3 }),
      ],
      tools: [{ name: 'f', input_schema: {} }],
      tool_choice: { type: 'auto', weight: 1 },
    })
    expect(dropped).toEqual([
      'system.tone',
      ...['messages.mood', 'messages.content.size', 'messages.content.transformations', 'messages.content.citations'],
      ...['messages.content.rank', 'messages.content.toolset_name', 'messages.content.caller'],
      ...['messages.content.took_ms', 'messages.content.page', 'tool_choice.weight'],
    ])
  })

  it('is nothing that means nothing to another server, or says nothing', () => {
    const cached = { cache_control: { type: 'ephemeral' } }
    const { dropped } = read({
      system: [block('a', { ...cached, citations: null })],
      messages: [
        {
          ...user({ type: 'document', source: { type: 'text', data: 'd' }, citations: { enabled: false }, ...cached }),
          id: 'm',
        },
        assistant(
          block('a', { citations: [{ type: 'char_location' }] }),
          { type: 'thinking', thinking: 'Hm', signature: 's' },
          { ...CALL, ...cached, caller: { type: 'direct' } },
        ),
        user({
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [{ ...PNG, ...cached }],
          is_error: false,
          ...cached,
        }),
      ],
      tool_choice: { type: 'none', disable_parallel_tool_use: null },
    })
    expect(dropped).toEqual([])
  })

  it('is said by a few dozen names at most, of names alone', () => {
    const odd = (type: string) => ({ type, x: 1 })
    const { dropped } = turnsOf(
      user(odd('x'.repeat(1_000_000)), ...Array.from({ length: 999 }, (_, at) => odd(`b${at}`))),
    )
    expect([dropped.length, dropped[0], dropped.at(-1)]).toEqual([65, 'messages.content.unknown', 'more'])
  })

  it('is what thinking and output say beside it', () => {
    const { thinking, dropped } = read({
      thinking: { type: 'enabled', budget_tokens: 2048, display: 'omitted' },
      output_config: { task_budget: { total: 1 } },
    })
    expect(thinking).toEqual({ isOn: true })
    expect(dropped).toEqual(['output_config.task_budget', 'thinking.budget_tokens', 'thinking.display'])
  })
})

describe('thinking', () => {
  const of = (type: string | undefined, effort?: string) => {
    const { thinking, dropped } = read({
      ...(type === undefined ? {} : { thinking: { type } }),
      output_config: { effort },
    })
    return { thinking, dropped }
  }

  it.each<[string | undefined, string | undefined, object | undefined]>([
    [undefined, undefined, undefined],
    ['enabled', undefined, { isOn: true }],
    ['adaptive', 'high', { isOn: true, effort: 'high' }],
    ['adaptive', 'xhigh', { isOn: true, effort: 'max' }],
    ['adaptive', 'max', { isOn: true, effort: 'max' }],
    [undefined, 'low', { isOn: true, effort: 'low' }],
    ['disabled', undefined, { isOn: false }],
  ])('of type %s with effort %s', (type, effort, expected) => {
    expect(of(type, effort)).toEqual({ thinking: expected, dropped: [] })
  })

  it('drops an effort that it has no use for, and when to think', () => {
    expect(of('disabled', 'high')).toEqual({ thinking: { isOn: false }, dropped: ['output_config.effort'] })
    expect(of('between_tools')).toEqual({ thinking: { isOn: true }, dropped: ['thinking.type'] })
  })
})

it('takes no empty text to stop at', () => {
  expect(read({ stop_sequences: ['', 'END', ''] }).sampling.stop).toEqual(['END'])
  expect(read({ stop_sequences: [''] }).sampling).toEqual({ maxTokens: 9 })
})

describe('tools', () => {
  const TOOL = { name: 'f', input_schema: { type: 'object' } }

  it('are those of the client; those of Anthropic are named', () => {
    const tools = [
      { ...TOOL, type: 'custom', cache_control: { type: 'ephemeral' }, eager_input_streaming: true },
      { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
      { type: 'bash_20250124', name: 'bash' },
      { type: 'computer_toolset_20260801' },
      { ...TOOL, name: 'g', input_examples: [{}], defer_loading: true },
    ]
    const { tools: carried, dropped } = read({ tools })
    expect(carried).toEqual([
      { name: 'f', parameters: { type: 'object' } },
      { name: 'g', parameters: { type: 'object' } },
    ])
    expect(dropped).toEqual([
      'tools.web_search',
      'tools.bash',
      'tools.computer_toolset_20260801',
      'tools.input_examples',
      'tools.defer_loading',
    ])
  })

  it.each<[object, object]>([
    [{ type: 'auto' }, { toolChoice: 'auto' }],
    [{ type: 'any' }, { toolChoice: 'any' }],
    [{ type: 'none' }, { toolChoice: 'none' }],
    [{ type: 'tool', name: 'f' }, { toolChoice: { name: 'f' } }],
    [
      { type: 'auto', disable_parallel_tool_use: true },
      { toolChoice: 'auto', mayCallSeveral: false },
    ],
    [
      { type: 'auto', disable_parallel_tool_use: false },
      { toolChoice: 'auto', mayCallSeveral: true },
    ],
  ])('are chosen by %j', (choice, expected) => {
    expect(read({ tools: [TOOL], tool_choice: choice })).toEqual({ ...read({ tools: [TOOL] }), ...expected })
  })

  it('cannot be asked for where they are not', () => {
    expectRefusal({ tool_choice: { type: 'any' } }, 'tool_choice')
    const bash = { type: 'bash_20250124', name: 'bash' }
    expectRefusal({ tools: [TOOL, bash], tool_choice: { type: 'tool', name: 'bash' } }, 'tool_choice.name')
  })
})

describe('a wrong type is refused where it matters', () => {
  it.each<[string, object]>([
    ['model', { model: 7 }],
    ['model', { model: '' }],
    ['messages', { messages: undefined }],
    ['messages', { messages: [] }],
    ['messages', { messages: {} }],
    ['messages.0', { messages: ['Hi'] }],
    ['messages.0.role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages.0.content', { messages: [{ role: 'user' }] }],
    ['messages.0.content.0', { messages: [{ role: 'user', content: ['Hi'] }] }],
    ['messages.0.content.0.type', { messages: [user({ text: 'Hi' })] }],
    ['messages.0.content.0.text', { messages: [user({ type: 'text' })] }],
    ['messages.0.content.0', { messages: [user(CALL)] }],
    ['messages.0.content.0', { messages: [user({ type: 'thinking', thinking: 'x' })] }],
    ['messages.0.content.0', { messages: [assistant({ type: 'tool_result', tool_use_id: 'a' })] }],
    ['messages.0.content.0', { messages: [assistant(PNG)] }],
    ['messages.0.content.0.id', { messages: [assistant({ ...CALL, id: 7 })] }],
    ['messages.0.content.0.name', { messages: [assistant({ ...CALL, name: '' })] }],
    ['messages.0.content.0.input', { messages: [assistant({ ...CALL, input: '{}' })] }],
    ['messages.0.content.0.tool_use_id', { messages: [user({ type: 'tool_result' })] }],
    ['messages.0.content.0.is_error', { messages: [user({ type: 'tool_result', tool_use_id: 'a', is_error: 'no' })] }],
    ['system', { system: 7 }],
    ['tools', { tools: {} }],
    ['tools.0.name', { tools: [{ input_schema: {} }] }],
    ['tools.0.input_schema', { tools: [{ name: 'f' }] }],
    ['tools.0.description', { tools: [{ name: 'f', input_schema: {}, description: 7 }] }],
    ['tool_choice', { tool_choice: 'auto' }],
    ['tool_choice.type', { tool_choice: { type: 'required' } }],
    ['tool_choice.disable_parallel_tool_use', { tool_choice: { type: 'auto', disable_parallel_tool_use: 1 } }],
    ['max_tokens', { max_tokens: '9' }],
    ['max_tokens', { max_tokens: 0 }],
    ['temperature', { temperature: 'hot' }],
    ['top_p', { top_p: [] }],
    ['top_k', { top_k: 1.5 }],
    ['stop_sequences', { stop_sequences: 'END' }],
    ['stop_sequences.1', { stop_sequences: ['END', 7] }],
    ['stream', { stream: 'yes' }],
    ['thinking', { thinking: true }],
    ['thinking.type', { thinking: { type: 'constructor' } }],
    ['output_config', { output_config: [] }],
    ['output_config.effort', { output_config: { effort: 'constructor' } }],
    ['output_config.format.type', { output_config: { format: { type: 'json' } } }],
    ['output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }],
  ])('%s of %j', (param, fields) => {
    expectRefusal(fields, param)
  })
})

it('reads a body such as Claude Code sends', () => {
  const tools = Array.from({ length: 24 }, (_, at) => ({
    name: `Tool${at}`,
    description: 'Does much. '.repeat(200),
    input_schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { path: { type: 'string' } },
      required: ['path'],
      additionalProperties: false,
    },
  }))
  const conversation = readAnthropicRequest({
    model: 'claude-local-qwen3',
    messages: [
      user(
        block('<system-reminder>\nToday.\n</system-reminder>'),
        block('ping', { cache_control: { type: 'ephemeral' } }),
      ),
      { role: 'system', content: 'The following skills are available.' },
      assistant(
        { type: 'thinking', thinking: 'Look.', signature: '' },
        { ...CALL, name: 'Tool3', input: { path: '/a' } },
      ),
      user({ type: 'tool_result', tool_use_id: 'toolu_1', content: 'No such file', is_error: true }),
    ],
    system: [
      block('x-anthropic-billing-header: cc_version=2.1.197.d2e; cc_entrypoint=sdk-cli;'),
      block("You are Claude Code, Anthropic's official CLI for Claude.", { cache_control: { type: 'ephemeral' } }),
      block('You are an interactive agent.', { cache_control: { type: 'ephemeral' } }),
    ],
    tools,
    metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s"}' },
    max_tokens: 32000,
    thinking: { type: 'adaptive' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'high' },
    stream: true,
  })
  expect(conversation).toMatchObject({
    model: 'claude-local-qwen3',
    turns: [
      {
        role: 'system',
        text: "You are Claude Code, Anthropic's official CLI for Claude.\n\nYou are an interactive agent.",
      },
      { role: 'user', parts: [{ kind: 'text' }, said('ping')] },
      { role: 'system', text: 'The following skills are available.' },
      {
        role: 'assistant',
        parts: [
          { kind: 'thinking', text: 'Look.' },
          { kind: 'call', arguments: '{"path":"/a"}' },
        ],
      },
      { role: 'tool', callId: 'toolu_1', name: 'Tool3', isError: true, parts: [said('No such file')] },
    ],
    sampling: { maxTokens: 32000 },
    thinking: { isOn: true, effort: 'high' },
    running: { truncates: false },
    wantsStream: true,
    dropped: [],
  })
  expect(conversation.tools).toHaveLength(24)
  expect(conversation.tools[23]).toEqual({
    name: 'Tool23',
    description: tools[23]?.description,
    parameters: tools[23]?.input_schema,
  })
})

function expectRefusal(fields: object, param: string): void {
  const thrown = (() => {
    try {
      return read(fields)
    } catch (error) {
      return error
    }
  })()
  expect(thrown).toBeInstanceOf(PunkuError)
  expect(thrown).toMatchObject({ code: 'invalid_request', param })
  expect((thrown as PunkuError).message).toContain(`"${param}" `)
}
