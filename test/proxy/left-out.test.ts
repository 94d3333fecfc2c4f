import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_TOOLS } from '../../src/gateway/pipeline/search-left-out.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { ScriptedServer } from '../support/scripted/error-answers.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { CLAUDE_CODE, CODEX, OLLAMA_CLIENT, OPENCODE } from '../support/tool-bodies.ts'
import { post } from './client.ts'
import { settled } from './turns.ts'

interface Ground extends AsyncDisposable {
  readonly upstream: ScriptedUpstream
  readonly gateway: TestGateway
  readonly key: string
  /** What was answered, what the server was sent, and the row. */
  ask(path: string, body: string, key?: string): Promise<Asked>
}

interface Asked {
  readonly status: number
  readonly leftOut: string | null
  readonly error: unknown
  /** `undefined`: nothing came to the server. */
  readonly sent: string | undefined
  readonly row: string | null | undefined
}

async function openGround(server: ScriptedServer, webSearch: 'drop' | 'refuse' = 'drop'): Promise<Ground> {
  await using opened = new AsyncDisposableStack()
  const upstream = opened.use(await startScriptedUpstream({ server, models: ['tiny'] }))
  const config = { gateway: { webSearch } }
  const gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin], config }))
  const key = await gateway.key()
  const kept = opened.move()
  return {
    upstream,
    gateway,
    key,
    async ask(path, body, given = key) {
      const before = upstream.requests.length
      const response = await post({ url: gateway.url, key: given, path, body })
      const text = await response.text()
      await settled(gateway)
      const came = upstream.requests
        .slice(before)
        .find((request) => request.method === 'POST' && request.path === path.split('?')[0])
      return {
        status: response.status,
        leftOut: response.headers.get('x-punku-left-out'),
        error: response.ok ? undefined : (JSON.parse(text) as { error: unknown }).error,
        sent: came?.body.toString(),
        row: (await gateway.rows()).at(-1)?.left_out,
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const SEARCH = '{"type":"web_search","external_web_access":true}'
const FUNCTION = '{"type":"function","name":"f" , "parameters":{"type":"object"}}'
/** A request with these tools; `undefined`: with none. */
const chat = (tools: string | undefined) =>
  `{"model":"tiny","messages":[],"input":"hi", "max_tokens":9,${tools === undefined ? '' : `"tools": ${tools} ,`}"stream":false}`

const ROUTES = ['/api/chat', '/v1/chat/completions', '/v1/responses', '/v1/messages']

describe('a web search that Ollama would do', () => {
  const opened = new AsyncDisposableStack()
  let ground: Ground
  beforeAll(async () => {
    ground = opened.use(await openGround('ollama'))
  })
  afterAll(() => opened.disposeAsync())

  test.each(ROUTES)('is left out of %s, and all else stays as it was', async (path) => {
    for (const [tools, kept] of [
      [`[${SEARCH}]`, undefined],
      [`[ ${SEARCH} ]`, undefined],
      [`[${FUNCTION}, ${SEARCH}]`, `[${FUNCTION}]`],
      [`[${SEARCH}, ${FUNCTION}]`, `[${FUNCTION}]`],
      [`[${FUNCTION},${SEARCH},\n${FUNCTION}]`, `[${FUNCTION},${FUNCTION}]`],
      [`[${SEARCH},${SEARCH},${FUNCTION},${SEARCH}, ${SEARCH} ]`, `[${FUNCTION} ]`],
      ['[{"type":"web_search_20250305","name":"web_search","max_uses":5}]', undefined],
      ['[{"TYPE":"w\\u0065b_search"},1,"a]",{"a":[{"b":"]"}]}]', '[1,"a]",{"a":[{"b":"]"}]}]'],
      ['[{"type":"namespace","tools":[{"type":"web_search"}]}]', undefined],
    ] as const) {
      const asked = await ground.ask(path, chat(tools))
      expect(asked, tools).toEqual({
        status: 200,
        leftOut: 'web_search',
        error: undefined,
        sent: chat(kept),
        row: 'web_search',
      })
    }
  })

  test.each(ROUTES)('is no function of the client’s own on %s', async (path) => {
    const own = '[{"type":"function","name":"web_search","function":{"name":"web_search","parameters":{}}}]'
    for (const tools of [own, '[]', 'null', `[${FUNCTION}]`]) {
      expect(await ground.ask(path, chat(tools))).toMatchObject({
        status: 200,
        leftOut: null,
        sent: chat(tools),
        row: null,
      })
    }
  })

  test.each(ROUTES)('is refused where it stands in no list, on %s', async (path) => {
    const asked = await ground.ask(path, chat('{"type":"web_search"}'))
    expect(asked).toMatchObject({ status: 403, leftOut: null, sent: undefined, row: null })
  })

  test.each(ROUTES)('is refused among more tools than a client has, on %s', async (path) => {
    const tools = (others: number) => `[${'0,'.repeat(others)}${SEARCH}]`
    const kept = `[${'0,'.repeat(MAX_TOOLS - 2)}0]`
    expect(await ground.ask(path, chat(tools(MAX_TOOLS - 1)))).toMatchObject({ status: 200, sent: chat(kept) })
    expect(await ground.ask(path, chat(tools(MAX_TOOLS)))).toMatchObject({ status: 403, sent: undefined })
  })

  test.each(ROUTES)('is done for a key that may, on %s', async (path) => {
    const key = await ground.gateway.key({ allowsCloud: true })
    const asked = await ground.ask(path, chat(`[${SEARCH}]`), key)
    expect(asked).toMatchObject({ status: 200, leftOut: null, sent: chat(`[${SEARCH}]`) })
  })
})

test.each([
  ['ollama', ROUTES],
  ['anthropic', ['/v1/messages']],
] as const)('on %s it is refused instead, by option, and the answer says how to go on', async (server, routes) => {
  await using ground = await openGround(server, 'refuse')
  for (const path of routes) {
    const asked = await ground.ask(path, chat(`[${FUNCTION},${SEARCH}]`))
    expect(asked).toMatchObject({ status: 403, leftOut: null, sent: undefined, row: null })
    expect(JSON.stringify(asked.error)).toMatch(/in Codex: web_search = \\"disabled/)
    if (path.startsWith('/v1/') && path !== '/v1/messages') {
      expect(asked.error).toMatchObject({ code: 'cloud_not_allowed', param: 'tools' })
    }
  }
})

test.each([
  ['openai', ['/v1/chat/completions', '/v1/responses']],
  ['llama-server', ['/v1/chat/completions', '/v1/responses', '/v1/messages']],
] as const)('a web search that %s would not do passes', async (server, routes) => {
  for (const rule of ['drop', 'refuse'] as const) {
    await using ground = await openGround(server, rule)
    for (const path of routes) {
      const asked = await ground.ask(path, chat(`[${SEARCH}]`))
      expect(asked).toMatchObject({ status: 200, leftOut: null, sent: chat(`[${SEARCH}]`), row: null })
    }
  }
})

test('what is left out in two places is told in one line, and the rest stays', async () => {
  await using ground = await openGround('ollama')
  const body = (stay: string, tools: string) =>
    `{${tools}"model":"tiny","messages":[{"role":"user","content":"hi"}],"keep_alive":${stay},"stream":false}`
  expect(await ground.ask('/api/chat', body('-1', `"tools":[${SEARCH}],`))).toMatchObject({
    leftOut: 'keep_alive web_search',
    sent: body('null', ''),
    row: 'keep_alive web_search',
  })
})

describe('what refers to a web search that is left out', () => {
  const opened = new AsyncDisposableStack()
  let ground: Ground
  beforeAll(async () => {
    ground = opened.use(await openGround('ollama'))
  })
  afterAll(() => opened.disposeAsync())

  const NAMED = '{"type":"web_search_20250305","name":"web_search","max_uses":5}'
  const OWN = '{"type":"function","name":"web_search"}'
  const start = '{"model":"tiny","messages":[],"input":"hi","max_tokens":9,"stream":false'
  const body = (...members: string[]) => `${[start, ...members].join(', ')}}`
  const tools = (...all: string[]) => `"tools":[${all.join(',')}]`
  const choice = (value: string) => `"tool_choice": ${value}`

  test.each(ROUTES)('is left out with it where no other tool stays, on %s', async (path) => {
    for (const value of [
      '"required"',
      '"auto"',
      '"none"',
      '{"type":"any"}',
      '{"type":"web_search"}',
      '{"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"}]}',
    ]) {
      for (const order of [
        body(tools(SEARCH), choice(value)),
        body(choice(value), tools(SEARCH, SEARCH)),
        `{${tools(SEARCH)},${choice(value)},${start.slice(1)}}`,
      ]) {
        const { status, leftOut, row, sent } = await ground.ask(path, order)
        expect({ status, leftOut, row }, order).toEqual({
          status: 200,
          leftOut: 'web_search tool_choice',
          row: 'web_search tool_choice',
        })
        expect(sent?.replace(/\s/g, ''), order).toBe(`${start}}`)
      }
    }
    const parallel = body('"parallel_tool_calls":false', tools(SEARCH))
    expect(await ground.ask(path, parallel)).toMatchObject({ leftOut: 'web_search parallel_tool_calls', sent: body() })
  })

  test.each(ROUTES)('is free where it was the choice, and other tools stay, on %s', async (path) => {
    for (const value of [
      '"web_search"',
      '{"type":"web_search"}',
      '{"type":"web_search_preview"}',
      '{"type":"tool","name":"web_search"}',
      '{"type":"function","function":{"name":"web_search"}}',
      '{ "t\\u0079pe":"function","name":"web_search"}',
    ]) {
      const asked = await ground.ask(path, body(choice(value), tools(FUNCTION, NAMED), '"parallel_tool_calls":true'))
      expect(asked, value).toMatchObject({
        leftOut: 'web_search tool_choice',
        row: 'web_search tool_choice',
        sent: body(tools(FUNCTION), '"parallel_tool_calls":true'),
      })
    }
  })

  test.each(ROUTES)('leaves the others that were allowed, on %s', async (path) => {
    const allowed = (...all: string[]) => `{"type":"allowed_tools","mode":"auto","tools":[${all.join(',')}]}`
    const inChat = (all: string) => `{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[${all}]}}`
    const f = '{"type":"function","name":"f"}'
    for (const [before, after] of [
      [allowed('{"type":"web_search"}', f), allowed(f)],
      [inChat(`{"type":"web_search"},${f}`), inChat(f)],
      [allowed('{"type":"web_search"}'), '"none"'],
    ] as const) {
      expect(await ground.ask(path, body(tools(FUNCTION, SEARCH), choice(before)))).toMatchObject({
        leftOut: 'web_search tool_choice',
        sent: body(tools(FUNCTION), choice(after)),
      })
    }
  })

  test.each(ROUTES)('stays as it is where it is about another tool, on %s', async (path) => {
    for (const value of ['"required"', '{"type":"any"}', '{"type":"function","name":"f"}', '{"type":"file_search"}']) {
      expect(await ground.ask(path, body(tools(SEARCH, FUNCTION), choice(value)))).toMatchObject({
        leftOut: 'web_search',
        sent: body(tools(FUNCTION), choice(value)),
      })
    }
    // The client has one of that name, too.
    const own = choice('{"type":"function","name":"web_search"}')
    expect(await ground.ask(path, body(tools(SEARCH, OWN), own))).toMatchObject({
      leftOut: 'web_search',
      sent: body(tools(OWN), own),
    })
  })

  test('of `include`, what is about searches alone is left out', async () => {
    const include = (...all: string[]) => `"include":[${all.join(',')}]`
    const [sources, reasoning] = ['"web_search_call.action.sources"', '"reasoning.encrypted_content"']
    for (const [before, after] of [
      [[sources, reasoning], [reasoning]],
      [[reasoning, sources, '"web_search_call.results"'], [reasoning]],
      [[sources], []],
    ] as const) {
      const asked = await ground.ask('/v1/responses', body(include(...before), tools(FUNCTION, SEARCH)))
      expect(asked).toMatchObject({
        status: 200,
        leftOut: 'web_search include',
        row: 'web_search include',
        sent: body(include(...after), tools(FUNCTION)),
      })
    }
    expect(await ground.ask('/v1/responses', body(tools(SEARCH), include(sources)))).toMatchObject({
      leftOut: 'web_search include',
      sent: body(include()),
    })
    const other = body(include(reasoning), tools(FUNCTION, SEARCH))
    expect(await ground.ask('/v1/responses', other)).toMatchObject({
      leftOut: 'web_search',
      sent: body(include(reasoning), tools(FUNCTION)),
    })
  })

  test('a choice that is given twice is refused', async () => {
    const twice = body(tools(SEARCH), choice('"none"'), choice('"required"'))
    expect(await ground.ask('/v1/responses', twice)).toMatchObject({ status: 400, sent: undefined })
  })
})

describe('with a default key', () => {
  test.each([
    ['Codex', 'ollama', '/v1/responses', CODEX, 'web_search'],
    ['Codex', 'openai', '/v1/responses', CODEX, null],
    ['Codex', 'llama-server', '/v1/responses', CODEX, null],
    ['Claude Code', 'ollama', '/v1/messages?beta=true', CLAUDE_CODE, null],
    ['Claude Code', 'llama-server', '/v1/messages?beta=true', CLAUDE_CODE, null],
    ['Claude Code', 'anthropic', '/v1/messages?beta=true', CLAUDE_CODE, null],
    ['OpenCode', 'ollama', '/v1/chat/completions', OPENCODE, null],
    ['OpenCode', 'openai', '/v1/chat/completions', OPENCODE, null],
    ['Cline', 'ollama', '/api/chat', OLLAMA_CLIENT, null],
  ] as const)('%s is served by %s', async (_tool, server, path, body, leftOut) => {
    await using ground = await openGround(server)
    const text = JSON.stringify(body)
    const sent = leftOut === null ? text : text.replace(`,${SEARCH}`, '')
    expect(await ground.ask(path, text)).toEqual({ status: 200, leftOut, error: undefined, sent, row: leftOut })
  })
})
