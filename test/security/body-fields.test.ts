import { describe, expect, test } from 'vitest'
import type { DialectName } from '../../src/core/dialect-name.ts'
import { DIALECT_ROUTES, expectRefused } from './refusal.ts'
import { openSite, type Site } from './site.ts'
import { send } from './wire.ts'

const GRANT = { models: ['allowed*'] }
const limited = (grant: object = GRANT) =>
  openSite({ upstream: { models: ['allowed:latest', 'secret:latest', 'allowed:cloud'] }, grant })

const PATHS: Readonly<Record<DialectName, string>> = {
  ollama: '/api/chat',
  openai: '/v1/chat/completions',
  anthropic: '/v1/messages',
}

/** A picture of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
const ADDRESSES = [
  'http://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/a.png',
  'HTTP://10.0.0.1/',
  'h\\u0074tp://10.0.0.1/',
  ' http://10.0.0.1/',
  'file:///etc/passwd',
  'file:/etc/passwd',
  '//10.0.0.1/a.png',
  'ftp://10.0.0.1/',
  './secret.png',
]

type Sent = readonly [path: string, fields: string, param: string]

const text = (rest: string) => `{"model":"allowed","stream":false,"max_tokens":9,${rest}}`
const turn = (part: string) => `"messages":[{"role":"user","content":[{"type":"text","text":"hi"},${part}]}]`
const item = (part: string) => `"input":[{"type":"message","role":"user","content":[${part}]}]`

/** Each makes the server call an address. `@` stands for it. */
const CALLS: readonly Sent[] = [
  [PATHS.openai, turn('{"type":"image_url","image_url":{"url":"@"}}'), 'messages.content.image_url.url'],
  [PATHS.openai, turn('{"type":"image_url","image_url":"@"}'), 'messages.content.image_url'],
  [PATHS.openai, turn('{"type":"image_url","IMAGE_URL":{"Url":"@"}}'), 'messages.content.image_url.url'],
  [PATHS.openai, turn('{"type":"video_url","video_url":{"url":"@"}}'), 'messages.content.video_url.url'],
  [PATHS.openai, turn('{"type":"audio_url","audio_url":{"url":"@"}}'), 'messages.content.audio_url.url'],
  [PATHS.openai, turn('{"type":"file","file_url":"@"}'), 'messages.content.file_url'],
  [PATHS.openai, '"messages":{"role":"user","content":{"image_url":{"url":"@"}}}', 'messages.content.image_url.url'],
  ['/v1/responses', item('{"type":"input_image","image_url":"@"}'), 'input.content.image_url'],
  ['/v1/responses', item('{"type":"input_file","file_url":"@"}'), 'input.content.file_url'],
  [
    '/v1/responses',
    '"input":[{"type":"function_call_output","output":[{"type":"input_image","image_url":"@"}]}]',
    'input.output.image_url',
  ],
  [PATHS.anthropic, turn('{"type":"image","source":{"type":"url","url":"@"}}'), 'messages.content.source.url'],
  [PATHS.anthropic, turn('{"type":"document","source":{"type":"url","url":"@"}}'), 'messages.content.source.url'],
  [
    PATHS.anthropic,
    turn('{"type":"tool_result","content":[{"type":"image","source":{"type":"url","url":"@"}}]}'),
    'messages.content.source.url',
  ],
  [
    PATHS.anthropic,
    turn('{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"url":"@"}}]}}'),
    'messages.content.source.content.source.url',
  ],
  [PATHS.ollama, '"messages":[{"role":"user","content":"hi","images":["@"]}]', 'messages.images'],
  [PATHS.ollama, `"messages":[{"role":"user","content":"hi","images":["${PIXEL}","@"]}]`, 'messages.images'],
  ['/api/generate', '"prompt":"hi","images":["@"]', 'images'],
]

/** Each makes the server call another server. */
const OTHER_SERVERS: readonly (readonly [fields: string, param: string])[] = [
  ['"tools":[{"type":"mcp","server_label":"x","server_url":"http://10.0.0.1/"}]', 'tools.server_url'],
  ['"tools":[{"type":"namespace","tools":[{"type":"mcp","server_url":"http://10.0.0.1/"}]}]', 'tools.server_url'],
  ['"tools":[{"type":"mcp","connector_id":"connector_gmail"}]', 'tools.connector_id'],
  ['"mcp_servers":[{"type":"url","url":"http://10.0.0.1/","name":"x"}]', 'mcp_servers'],
  ['"bootstrap_host":"10.0.0.1"', 'bootstrap_host'],
  ['"bootstrap_host":["10.0.0.1"]', 'bootstrap_host'],
  ['"api_base":"http://10.0.0.1/v1"', 'api_base'],
  ['"base_url":"http://10.0.0.1/v1"', 'base_url'],
]

/** Each changes the server, or how it runs for others. */
const CHANGES: readonly (readonly [fields: string, param: string])[] = [
  ['"integrations":["mcp/shell"]', 'integrations'],
  ['"kv_transfer_params":{"remote_block_ids":[1]}', 'kv_transfer_params'],
  ['"kv_transfer_params":{"remote_host":"10.0.0.1"}', 'kv_transfer_params'],
  ['"vllm_xargs":{"kv_transfer_params":{"remote_host":"10.0.0.1"}}', 'vllm_xargs'],
  ['"lora":[{"id":0,"scale":1}]', 'lora'],
  ['"lora_request":{"lora_path":"/etc"}', 'lora'],
  ['"adapters":"/etc"', 'adapter'],
  ['"adapter_path":"/etc"', 'adapter'],
  ['"custom_logit_processor":"{\\"callable\\":\\"8004\\"}"', 'custom_logit_processor'],
  ['"logits_processors":["os.system"]', 'logits_processors'],
  ['"logits_processors":[{"qualname":"os.system"}]', 'logits_processors'],
  ['"chat_template":"{{ 1 }}"', 'chat_template'],
  ['"chat_template_kwargs":{"chat_template":"{{ 1 }}"}', 'chat_template_kwargs.chat_template'],
  ['"prompt_embeds":"gASV"', 'prompt_embeds'],
  ['"ttl":1', 'ttl'],
]

/** Each names a second model. `@` stands for it. */
const SECOND_MODELS: readonly (readonly [fields: string, param: string])[] = [
  ['"draft_model":"@"', 'draft_model'],
  ['"models":["allowed","@"]', 'models'],
  ['"fallbacks":["@"]', 'fallbacks'],
  ['"speculative":{"model":"@"}', 'speculative.model'],
  ['"speculative.model":"@"', 'speculative.model'],
  ['"tools":[{"type":"image_generation","model":"@"}]', 'tools.model'],
  ['"Models":["@"]', 'models'],
]

const dialectOf = (path: string): DialectName =>
  path.startsWith('/api/') ? 'ollama' : path.startsWith('/v1/messages') ? 'anthropic' : 'openai'

const post = (site: Site, path: string, fields: string) => site.request(`POST ${path} HTTP/1.1`, text(fields))

async function refused(site: Site, path: string, fields: string, code: 'field_not_allowed' | 'model_not_allowed') {
  const dialect = dialectOf(path)
  const answer = await expectRefused(site, post(site, path, fields), { code, dialect })
  const error = answer.json?.['error']
  return { param: (error as { param?: unknown }).param, said: JSON.stringify(error), dialect }
}

async function passes(site: Site, path: string, fields: string, key: string): Promise<void> {
  const before = site.reached().length
  const bytes = post(site, path, fields).toString('latin1').replace(site.key, key)
  const [answer] = await send(site.port, Buffer.from(bytes, 'latin1'))
  expect(answer?.status, fields).toBe(200)
  expect(site.reached().slice(before).at(-1)?.body.toString(), fields).toBe(text(fields))
}

describe('a key for one model', () => {
  test.each(CALLS)('has no address called by %s %s', async (path, fields, param) => {
    await using site = await limited()
    for (const address of ADDRESSES) {
      const told = await refused(site, path, fields.replace('@', address), 'field_not_allowed')
      expect(told.said).toContain(param)
      expect(told.said).toContain('--fetch')
      if (told.dialect === 'openai') expect(told.param).toBe(param)
    }
    const granted = await site.gateway.key({ ...GRANT, allowsFetch: true })
    await passes(site, path, fields.replace('@', 'https://10.0.0.1/a.png'), granted)
  })

  test.each(CALLS)('has pictures themselves passed by %s %s', async (path, fields) => {
    await using site = await limited()
    const data = `data:image/png;base64,${PIXEL.repeat(500)}`
    await passes(site, path, fields.replace('@', data), site.key)
    await passes(site, path, fields.replace('@', 'data:;base64,AAAA'), site.key)
    if (dialectOf(path) === 'ollama') {
      await passes(site, path, fields.replace('@', PIXEL), site.key)
      await passes(site, path, fields.replace('@', '\\/9j\\/4AAQSkZJRg=='), site.key)
    }
  })

  test.each(DIALECT_ROUTES)('has no other server called on $path', async ({ path }) => {
    await using site = await limited()
    const granted = await site.gateway.key({ ...GRANT, allowsFetch: true })
    for (const [fields, param] of OTHER_SERVERS) {
      expect((await refused(site, path, `"messages":[],${fields}`, 'field_not_allowed')).said).toContain(param)
      await passes(site, path, `"messages":[],${fields}`, granted)
    }
  })

  test.each(DIALECT_ROUTES)('changes no server by $path', async ({ path }) => {
    await using site = await limited()
    const granted = await site.gateway.key({
      ...GRANT,
      routes: ['inference', 'metadata', 'manage'],
      allowsFetch: true,
    })
    for (const [fields, param] of CHANGES) {
      const { said } = await refused(site, path, `"messages":[],${fields}`, 'field_not_allowed')
      expect(said).toContain(param)
      expect(said).toContain('--routes inference metadata manage')
      await passes(site, path, `"messages":[],${fields}`, granted)
    }
    if (path === PATHS.openai) {
      const tensor = turn('{"type":"image_embeds","image_embeds":"gASV"}')
      expect((await refused(site, path, tensor, 'field_not_allowed')).param).toBe('messages.content.image_embeds')
      await passes(site, path, tensor, granted)
    }
    // One grant is not the other.
    const manager = await site.gateway.key({ ...GRANT, routes: ['inference', 'manage'] })
    const remote = post(site, path, '"messages":[],"kv_transfer_params":{"remote_host":"10.0.0.1"}')
    const [answer] = await send(site.port, remote.toString('latin1').replace(site.key, manager))
    expect(answer?.status).toBe(403)
  })

  test.each(DIALECT_ROUTES)('reaches no second model by $path', async ({ path }) => {
    await using site = await limited()
    for (const [fields, param] of SECOND_MODELS) {
      for (const model of ['secret', 'SECRET:latest', 'library/secret']) {
        const told = await refused(site, path, `"messages":[],${fields.replace('@', model)}`, 'model_not_allowed')
        if (told.dialect === 'openai') expect(told.param).toBe(param)
      }
      const cloud = post(site, path, `"messages":[],${fields.replace('@', 'allowed:cloud')}`)
      await expectRefused(site, cloud, { code: 'cloud_not_allowed', dialect: dialectOf(path) })
      await passes(site, path, `"messages":[],${fields.replace('@', 'allowed')}`, site.key)
    }
    // What is no name is held to be any.
    for (const fields of ['"models":{"a":"secret"}', '"fallbacks":[{"allowed":["secret"]}]', '"draft_model":7']) {
      await refused(site, path, `"messages":[],${fields}`, 'model_not_allowed')
    }
    const many = `"models":[${new Array(17).fill('"allowed"').join()}]`
    await expectRefused(site, post(site, path, `"messages":[],${many}`), {
      code: 'invalid_request',
      dialect: dialectOf(path),
    })
  })

  test.each(DIALECT_ROUTES)('is not kept from what only looks alike, on $path', async ({ path }) => {
    await using site = await limited()
    for (const fields of [
      '"messages":[{"role":"user","content":"See http://10.0.0.1/ for image_url and mcp_servers."}]',
      '"messages":[{"role":"user","content":[{"type":"text","text":"http://10.0.0.1/"}]}]',
      '"messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"image_url":"http://x/","model":"secret","images":["http://x/"]}}}]}]',
      '"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"image_url":"http://x/","source":{"url":"http://x/"},"content":{"image_url":"http://x/"}}}]}]',
      '"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"model":{"type":"string"},"server_url":{"type":"string"},"models":{"enum":["secret"]}}}}}]',
      '"messages":[],"tools":[{"name":"Task","input_schema":{"type":"object","properties":{"model":{"type":"string","enum":["sonnet","opus"]}}}}]',
      '"messages":[],"mcp_servers":[],"lora":[],"chat_template":null,"models":[],"logits_processors":null,"draft_model":""',
      '"messages":[],"chat_template_kwargs":{"enable_thinking":false},"response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"image_url":{"type":"string"}}}}}',
    ]) {
      await passes(site, path, fields, site.key)
    }
  })
})

describe('a form', () => {
  const PATH = '/v1/audio/transcriptions'
  const field = (name: string, content: string) =>
    `--form\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`
  const formOf = (...fields: readonly string[]) => `${field('model', 'allowed')}${fields.join('')}--form--\r\n`
  const ask = (site: Site, content: string) =>
    site.ask(`POST ${PATH} HTTP/1.1`, content, 'Content-Type: multipart/form-data; boundary=form')

  test.each([
    ['draft_model', 'secret', 'model_not_allowed'],
    ['models[]', 'secret', 'model_not_allowed'],
    ['Fallbacks[0]', 'secret', 'model_not_allowed'],
    ['mcp_servers', '[{"url":"http://10.0.0.1/"}]', 'field_not_allowed'],
    ['api_base', 'http://10.0.0.1/', 'field_not_allowed'],
    ['lora_path', '/etc', 'field_not_allowed'],
    ['vllm_xargs', '{"kv_transfer_params":{"remote_host":"10.0.0.1"}}', 'field_not_allowed'],
  ] as const)('is looked at as a body of JSON is: %s', async (name, content, code) => {
    await using site = await limited()
    const before = site.reached().length
    const answer = await ask(site, formOf(field(name, content)))
    expect(answer.json).toMatchObject({ error: { code } })
    expect(site.reached()).toHaveLength(before)
  })

  test('passes to the byte with what only looks alike', async () => {
    await using site = await limited()
    const file = field('file', 'RIFF lora mcp_servers').replace('"file"', '"file"; filename="lora.wav"')
    const content = formOf(field('language', 'en'), field('prompt', 'api_base'), field('lora', ''), file)
    expect((await ask(site, content)).status).toBe(200)
    expect(site.reached().at(-1)?.body.toString()).toBe(content)
  })
})

test('a million pictures are looked at as fast as they are read', async () => {
  await using site = await limited()
  const ask = (image: string, count: number) =>
    site.ask('POST /api/chat HTTP/1.1', text(`"messages":[{"images":[${new Array(count).fill(image).join()}]}]`))
  expect((await ask('"AAAA"', 1_000_000)).status).toBe(200)
  expect((await ask('"\\/9j\\/"', 1_000)).status).toBe(200)
  // Each of these would have to be decoded.
  expect((await ask('"\\/9j\\/"', 1_001)).status).toBe(403)
})

describe('how long a model stays loaded', () => {
  const ASKED = [
    ['/api/chat', '"messages":[{"role":"user","content":"hi"}]'],
    ['/api/generate', '"prompt":"hi"'],
    ['/api/embed', '"input":"hi"'],
  ] as const
  const UNUSUAL = [
    '0',
    '-1',
    '"0"',
    '"0s"',
    '"-1m"',
    '-0.5',
    '0.5',
    '"1ms"',
    '"59s"',
    '"24h"',
    '3601',
    '"1h1ns"',
    '1e9',
  ]
  const MORE = ['"nonsense"', '""', 'true', '{"a":1}', '"1h30"', '"+"', `"${'0'.repeat(99)}5m"`]
  const USUAL = ['null', '"5m"', '"30m"', '1800', '"1h"', '60', '"1m0.5s"', '"+5m"', '"59m60s"', '3600.0']

  test.each(ASKED)('is the server’s to say where %s says what is not usual', async (path, asked) => {
    await using site = await limited()
    for (const value of [...UNUSUAL, ...MORE]) {
      const answer = await site.ask(`POST ${path} HTTP/1.1`, text(`"keep_alive": ${value} ,${asked}`))
      expect(answer.status, value).toBe(200)
      expect(answer.header('x-punku-left-out'), value).toBe('keep_alive')
      expect(site.reached().at(-1)?.body.toString()).toBe(text(`"keep_alive": null ,${asked}`))
      expect((await site.lastRow())?.left_out).toBe('keep_alive')
    }
    for (const value of USUAL) {
      const answer = await site.ask(`POST ${path} HTTP/1.1`, text(`"keep_alive":${value},${asked}`))
      expect(answer.header('x-punku-left-out'), value).toBeUndefined()
      expect(site.reached().at(-1)?.body.toString(), value).toBe(text(`"keep_alive":${value},${asked}`))
      expect((await site.lastRow())?.left_out).toBeNull()
    }
    const manager = await site.gateway.key({ ...GRANT, routes: ['inference', 'manage'] })
    await passes(site, path, `"keep_alive":0,${asked}`, manager)
  })

  test('unloads and pins nothing by a request for nothing else', async () => {
    await using site = await limited()
    for (const [path, nothing] of [
      ['/api/chat', '"messages":[]'],
      ['/api/chat', '"messages":null'],
      ['/api/generate', '"prompt":""'],
      ['/api/generate', '"system":"x"'],
    ] as const) {
      for (const value of UNUSUAL) {
        const { said } = await refused(site, path, `"keep_alive":${value},${nothing}`, 'field_not_allowed')
        expect(said).toContain('keep_alive')
      }
      // To load it is what any question does.
      await passes(site, path, `"keep_alive":"5m",${nothing}`, site.key)
      await passes(site, path, nothing, site.key)
      const manager = await site.gateway.key({ ...GRANT, routes: ['inference', 'manage'] })
      await passes(site, path, `"keep_alive":0,${nothing}`, manager)
    }
    for (const fields of [
      '"keep_alive":"5m","Keep_Alive":0',
      '"keep_alive":"5m","keep_alive":0',
      '"messages":[],"Messages":[]',
    ]) {
      await expectRefused(site, post(site, '/api/chat', fields), { code: 'ambiguous_request', dialect: 'ollama' })
    }
  })
})
