import { describe, expect, test } from 'vitest'
import { respond } from '../support/scripted/steps.ts'
import { DIALECT_ROUTES, expectRefused } from './refusal.ts'
import { openSite, type Site } from './site.ts'
import { send } from './wire.ts'

/** What the upstream has; the key may use what begins with `allowed`. */
const MODELS = [
  'allowed:latest',
  'allowed-big:7b',
  'secret:latest',
  'secret:8b',
  'team/allowed:latest',
  'hf.co/team/secret:q4',
  'allowed:cloud',
  'gpt-oss:120b-cloud',
]
const GRANT = { models: ['allowed*'], routes: ['inference', 'metadata', 'manage'] }
const BOUNDARY = 'form'

/** Every inference route that Ollama has, and the form one; what each takes beside its model. */
const OLLAMA_INFERENCE = [
  ['/api/generate', '"prompt":"hi","stream":false'],
  ['/api/chat', '"messages":[],"stream":false'],
  ['/api/embed', '"input":"hi"'],
  ['/api/embeddings', '"prompt":"hi"'],
  ['/v1/chat/completions', '"messages":[]'],
  ['/v1/completions', '"prompt":"hi"'],
  ['/v1/embeddings', '"input":"hi"'],
  ['/v1/responses', '"input":"hi"'],
  ['/v1/messages', '"messages":[],"max_tokens":9'],
] as const

const dialectOf = (path: string) =>
  path.startsWith('/api/') ? 'ollama' : path.startsWith('/v1/messages') ? 'anthropic' : 'openai'

const limited = (grant: object = GRANT) => openSite({ upstream: { models: MODELS }, grant })

function post(site: Site, path: string, content: string, ...lines: string[]) {
  return site.request(`POST ${path} HTTP/1.1`, content, ...lines)
}

function form(...parts: readonly string[]): string {
  return [...parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`), `--${BOUNDARY}--\r\n`].join('')
}

const FIELD = 'Content-Disposition: form-data; name='
const FORM_TYPE = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`

describe('a key for allowed*', () => {
  test('reaches what it may, in any spelling', async () => {
    await using site = await limited()
    const spellings = [
      'allowed',
      'allowed:latest',
      'ALLOWED',
      'Allowed:LATEST',
      'registry.ollama.ai/library/allowed:latest',
    ]
    for (const model of [
      ...spellings,
      'library/allowed',
      'https://registry.ollama.ai/library/allowed',
      'allowed:local',
      'allowed-big:7b',
    ]) {
      const answer = await site.ask('POST /api/show HTTP/1.1', JSON.stringify({ model }))
      expect(answer.status, model).toBe(200)
    }
    const sent = form(`${FIELD}"model"\r\n\r\nallowed`, `${FIELD}"file"; filename="a.wav"\r\n\r\nRIFF`)
    expect((await site.ask('POST /v1/audio/transcriptions HTTP/1.1', sent, FORM_TYPE)).status).toBe(200)
    await site.expectWell()
  })

  test.each(OLLAMA_INFERENCE)('reaches no other model by any spelling on %s', async (path, rest) => {
    await using site = await limited()
    const spellings = [
      'secret',
      'secret:latest',
      'secret:8b',
      'SECRET',
      'Secret:Latest',
      'secret:local',
      'SECRET:LOCAL',
      'secret:8b:local',
      'library/secret',
      'registry.ollama.ai/library/secret',
      'registry.ollama.ai/library/secret:latest',
      'REGISTRY.OLLAMA.AI/LIBRARY/SECRET',
      'https://registry.ollama.ai/library/secret',
      'http://registry.ollama.ai/library/secret:latest',
      'x://registry.ollama.ai/library/secret',
      '://library/secret',
      'team/allowed',
      'hf.co/team/secret:q4',
      'hf.co/allowed/secret:q4',
      'secret/allowed',
      '../allowed/secret',
      'allow',
      '\\u0073ecret',
      'secret-allowed',
      '*',
    ]
    for (const model of spellings) {
      const content = `{"model":"${model}",${rest}}`
      await expectRefused(site, post(site, path, content), { code: 'model_not_allowed', dialect: dialectOf(path) })
    }
    // In these two parsers could see different names: they are nobody's.
    for (const model of [
      'allowed\\u0000/secret',
      '\\u017fecret',
      '\\uff53ecret',
      'secret\\u200b',
      ' secret',
      'secret ',
      'allowed:local:local',
    ]) {
      const content = `{"model":"${model}",${rest}}`
      await expectRefused(site, post(site, path, content), { code: 'invalid_request', dialect: dialectOf(path) })
    }
  })

  test.each(DIALECT_ROUTES)('smuggles no second name past $path', async ({ path, dialect }) => {
    await using site = await limited()
    const good = '{"model":"allowed","messages":[],"stream":false}'
    for (const query of [
      'model=secret',
      'MODEL=secret',
      'm%6fdel=secret',
      'name=secret',
      'a=b;model=secret',
      'a=b&model=secret',
      '%6e%61%6d%65=secret',
      'mode%6C=secret',
      'model',
      '+=&model=x',
    ]) {
      await expectRefused(site, post(site, `${path}?${query}`, good), { code: 'ambiguous_request', dialect })
    }
    for (const fields of [
      '"model":"allowed","model":"secret"',
      '"model":"allowed","Model":"secret"',
      '"model":"allowed","mod\\u0065l":"secret"',
      '"model":"allowed","MODE\\u004c":"secret"',
    ]) {
      await expectRefused(site, post(site, path, `{${fields},"messages":[]}`), { code: 'ambiguous_request', dialect })
    }
    // What no server takes the name from is either left out or passed on unread; the checked name goes with it.
    const lines = [
      'X-Model: secret',
      'Model: secret',
      'X-Punku-Model: secret',
      'OpenAI-Model: secret',
      'Cookie: model=secret',
    ]
    expect((await site.ask(`POST ${path}?beta=true&x=secret HTTP/1.1`, good, ...lines)).status).toBe(200)
    const last = site.reached().at(-1)!
    expect(last.url).toBe(dialect === 'anthropic' ? '/v1/messages?beta=true' : path)
    expect(JSON.stringify(last.rawHeaders)).not.toContain('secret')
  })

  test('cannot leave the choice to a server with a default', async () => {
    await using site = await openSite({
      upstream: { server: 'llama-server', models: ['allowed', 'secret'] },
      grant: { models: ['allowed'] },
    })
    for (const content of ['{}', '{"model":null}', '{"prompt":"hi"}', '']) {
      await expectRefused(site, post(site, '/completion', content), { code: 'model_not_allowed' })
    }
    await expectRefused(site, post(site, '/completion', '{"model":"secret"}'), { code: 'model_not_allowed' })
    expect((await site.ask('POST /completion HTTP/1.1', '{"model":"allowed"}')).status).toBe(200)
  })

  test('smuggles no name by a form', async () => {
    await using site = await limited()
    const allowed = `${FIELD}"model"\r\n\r\nallowed`
    const secret = `${FIELD}"model"\r\n\r\nsecret`
    const path = '/v1/audio/transcriptions'
    const refuse = (
      content: string,
      code: 'model_not_allowed' | 'ambiguous_request' | 'invalid_request',
      type = FORM_TYPE,
    ) => expectRefused(site, post(site, path, content, type), { code })
    await refuse(form(secret), 'model_not_allowed')
    await refuse(form(allowed, secret), 'ambiguous_request')
    await refuse(form(allowed, allowed), 'ambiguous_request')
    await refuse(form(allowed, secret.replace('"model"', '"MODEL"')), 'ambiguous_request')
    await refuse(form(allowed, secret.replace('"model"', '"model"; filename="x"')), 'ambiguous_request')
    await refuse(
      form(allowed, `${FIELD}"model"\r\nContent-Type: application/octet-stream\r\n\r\nsecret`),
      'ambiguous_request',
    )
    await refuse(form(allowed, secret.replace('"model"', 'model')), 'invalid_request')
    await refuse(form(allowed, secret.replace('"model"', '"x"; name="model"')), 'invalid_request')
    await refuse(form(allowed, secret.replace('"model"', '"mod\\el"')), 'invalid_request')
    await refuse(form(allowed, secret.replace('"model"', '"%6dodel"')), 'invalid_request')
    await refuse(form(allowed, secret.replace('name=', 'name*=')), 'invalid_request')
    await refuse(form(allowed, `${FIELD}"x"\r\n${secret}`), 'invalid_request')
    await refuse(form(allowed).replaceAll('\r\n', '\n'), 'invalid_request')
    await refuse(`preamble\r\n${form(allowed)}`, 'invalid_request')
    await refuse(`${form(allowed)}${form(secret)}`, 'invalid_request')
    await refuse(form(allowed).replace(`--${BOUNDARY}--\r\n`, ''), 'invalid_request')
    await refuse(form(allowed), 'invalid_request', `${FORM_TYPE}; boundary=other`)
    await refuse(form(allowed), 'invalid_request', `Content-Type: multipart/form-data; boundary="${BOUNDARY}"`)
    await refuse(form(allowed), 'invalid_request', 'Content-Type: application/json')
    await refuse('{"model":"allowed"}', 'invalid_request', 'Content-Type: application/json')
    await refuse(form(`${FIELD}"file"; filename="a"\r\n\r\nRIFF`), 'invalid_request')
  })

  test('shows, copies, makes, pulls, pushes and deletes no other', async () => {
    await using site = await limited()
    const refused = async (method: string, path: string, content: string) => {
      const bytes = site.request(`${method} ${path} HTTP/1.1`, content)
      await expectRefused(site, bytes, { code: 'model_not_allowed', dialect: 'ollama' })
    }
    for (const path of ['/api/show', '/api/pull', '/api/push', '/api/create']) {
      await refused('POST', path, '{"model":"secret"}')
      await refused('POST', path, '{"name":"secret"}')
      await refused('POST', path, '{"model":"","name":"secret"}')
    }
    await refused('DELETE', '/api/delete', '{"model":"secret"}')
    await refused('DELETE', '/api/delete', '{"name":"registry.ollama.ai/library/SECRET"}')
    await refused('POST', '/api/copy', '{"source":"secret","destination":"allowed-copy"}')
    await refused('POST', '/api/copy', '{"source":"allowed","destination":"secret"}')
    await refused('POST', '/api/copy', '{"source":"SECRET:latest","destination":"allowed"}')
    await refused('POST', '/api/create', '{"model":"allowed-new","from":"secret"}')
    // Whatever it is made of: files, adapters and a modelfile can name anything on the machine.
    await refused('POST', '/api/create', '{"model":"allowed-new","from":"allowed"}')
    await refused('POST', '/api/create', '{"model":"allowed-new","modelfile":"FROM secret"}')
    await refused('POST', `/api/blobs/sha256:${'a'.repeat(64)}`, 'GGUF')
    const ambiguous = site.request(
      'POST /api/copy HTTP/1.1',
      '{"source":"allowed","SOURCE":"secret","destination":"allowed-x"}',
    )
    await expectRefused(site, ambiguous, { code: 'ambiguous_request', dialect: 'ollama' })
    expect(
      (await site.ask('POST /api/copy HTTP/1.1', '{"source":"allowed","destination":"allowed-copy"}')).status,
    ).toBe(200)
    expect((await site.ask('DELETE /api/delete HTTP/1.1', '{"model":"allowed"}')).status).toBe(200)
  })

  test('sees in lists what it may use and nothing else, in both shapes', async () => {
    await using site = await limited()
    const names = async (path: string, ...lines: string[]) => {
      const { json, body } = await site.ask(`GET ${path} HTTP/1.1`, '', ...lines)
      expect(body).not.toMatch(/secret|team|gpt-oss|cloud/)
      const list = (json?.['models'] ?? json?.['data']) as readonly { readonly id?: string; readonly name?: string }[]
      return list.map(({ id, name }) => id ?? name)
    }
    const mine = ['allowed:latest', 'allowed-big:7b']
    const anthropic = 'anthropic-version: 2023-06-01'
    expect(await names('/api/tags')).toEqual(mine)
    expect(await names('/v1/models')).toEqual(mine)
    expect(await names('/v1/models', anthropic)).toEqual(mine)
    expect(await names('/v1/models?limit=1000&after_id=allowed:latest', anthropic)).toEqual(['allowed-big:7b'])
    expect(await names('/api/ps')).toEqual(['allowed:latest'])
    for (const lines of [[], [anthropic]]) {
      const found = await site.ask('GET /v1/models/ALLOWED HTTP/1.1', '', ...lines)
      // As it was asked for, as Ollama does.
      expect(found.json?.['id']).toBe('ALLOWED')
      const dialect = lines.length === 0 ? 'openai' : 'anthropic'
      for (const id of [
        'secret',
        'SECRET',
        'secret:8b',
        'secret%3A8b',
        'registry.ollama.ai/library/secret',
        'hf.co/team/secret:q4',
        'team/allowed',
      ]) {
        const bytes = site.request(`GET /v1/models/${id} HTTP/1.1`, '', ...lines)
        await expectRefused(site, bytes, { code: 'model_not_allowed', dialect })
      }
      // A page mark is no way to find out what is there.
      if (lines.length === 0) continue
      for (const id of ['secret:latest', 'nothing']) {
        const bytes = site.request(`GET /v1/models?after_id=${id} HTTP/1.1`, '', anthropic)
        await expectRefused(site, bytes, { code: 'invalid_request', dialect })
      }
    }
  })

  test('does not learn from /api/ps what others have loaded', async () => {
    await using site = await openSite({ upstream: { models: ['secret:latest', 'allowed:latest'] }, grant: GRANT })
    expect((await site.ask('GET /api/ps HTTP/1.1')).json).toEqual({ models: [] })
  })

  test('an exact grant is no pattern', async () => {
    await using site = await limited({ models: ['allowed'] })
    expect((await site.ask('POST /api/show HTTP/1.1', '{"model":"allowed"}')).status).toBe(200)
    for (const model of ['allowed-big:7b', 'allowed:8b', 'team/allowed', 'hf.co/library/allowed', 'allowed2']) {
      const bytes = post(site, '/api/show', JSON.stringify({ model }))
      await expectRefused(site, bytes, { code: 'model_not_allowed', dialect: 'ollama' })
    }
  })
})

describe('models on somebody else’s machine', () => {
  const ALL = { models: ['*'], routes: ['inference', 'metadata', 'manage'] }

  test.each(OLLAMA_INFERENCE)('need the grant on %s', async (path, rest) => {
    await using site = await limited(ALL)
    const dialect = dialectOf(path)
    const names = [
      'allowed:cloud',
      'allowed:CLOUD',
      'gpt-oss:120b-cloud',
      'GPT-OSS:120B-Cloud',
      'registry.ollama.ai/library/gpt-oss:120b-cloud',
      'anything:cloud',
      'anything:x-cloud',
      'allowed:clou\\u0064',
    ]
    for (const model of names) {
      const bytes = post(site, path, `{"model":"${model}",${rest}}`)
      await expectRefused(site, bytes, { code: 'cloud_not_allowed', dialect })
    }
    // A key for all that may use the cloud too is let through: the refusals above are the grant's doing.
    const granted = await site.gateway.key({ ...ALL, allowsCloud: true })
    const bytes = post(site, path, `{"model":"gpt-oss:120b-cloud",${rest}}`).toString().replace(site.key, granted)
    const [answer] = await send(site.port, bytes)
    expect(answer?.status).toBe(200)
    expect(site.reached().at(-1)?.json['model']).toBe('gpt-oss:120b-cloud')
  })

  test.each(OLLAMA_INFERENCE)('need it under an alias too, on %s', async (path, rest) => {
    await using site = await aliased()
    const dialect = dialectOf(path)
    for (const model of ['innocent', 'INNOCENT:latest', 'library/innocent']) {
      const bytes = post(site, path, `{"model":"${model}",${rest}}`)
      await expectRefused(site, bytes, { code: 'cloud_not_allowed', dialect })
    }
  })

  test('need it to be made into, or copied to, a name that does not tell', async () => {
    await using site = await aliased()
    const refused = (path: string, content: string) =>
      expectRefused(site, post(site, path, content), { code: 'cloud_not_allowed', dialect: 'ollama' })
    await refused('/api/create', '{"model":"tiny","from":"gpt-oss:120b-cloud"}')
    await refused('/api/create', '{"model":"tiny","from":"GPT-OSS:cloud"}')
    await refused('/api/create', '{"model":"tiny","from":"innocent"}')
    await refused('/api/copy', '{"source":"gpt-oss:120b-cloud","destination":"tiny"}')
    await refused('/api/copy', '{"source":"innocent","destination":"tiny"}')
    await refused('/api/pull', '{"model":"gpt-oss:120b-cloud"}')
    await refused('/api/show', '{"model":"innocent"}')
    const created = await site.ask('POST /api/create HTTP/1.1', '{"model":"new","from":"tiny","stream":false}')
    expect(created.status).toBe(200)
  })

  test('are in no list without it', async () => {
    await using site = await aliased()
    for (const path of ['/api/tags', '/v1/models', '/api/ps']) {
      const { body } = await site.ask(`GET ${path} HTTP/1.1`)
      expect(body, path).toContain('tiny')
      expect(body, path).not.toMatch(/innocent|cloud|remote/)
    }
    const bytes = site.request('GET /v1/models/innocent HTTP/1.1')
    await expectRefused(site, bytes, { code: 'model_not_found' })
  })

  /** An Ollama whose model `innocent` runs elsewhere, as only its listing tells. */
  async function aliased(): Promise<Site> {
    const entry = (name: string, remote = {}) => ({ name, model: name, size: 1, digest: 'd', details: {}, ...remote })
    const elsewhere = { remote_host: 'https://ollama.com:443', remote_model: 'gpt-oss:120b' }
    const models = JSON.stringify({
      models: [entry('tiny:latest'), entry('innocent:latest', elsewhere)],
    })
    const site = await openSite({ upstream: { models: ['tiny:latest', 'innocent:latest'] }, grant: ALL })
    const json = { 'content-type': 'application/json' }
    site.upstream.behave([respond(200, json, models)], { path: '/api/tags', times: 100 })
    // What is loaded does not say where it runs.
    const loaded = JSON.stringify({ models: [entry('innocent:latest'), entry('tiny:latest')] })
    site.upstream.behave([respond(200, json, loaded)], { path: '/api/ps', times: 100 })
    await Promise.all(site.gateway.parts.upstreams.all().map((upstream) => upstream.refresh()))
    return site
  }

  const SEARCH_TOOLS = [
    '[{"type":"web_search"}]',
    '[{"type":"web_search_20250305","name":"web_search"}]',
    '[{"type":"web_search_preview"}]',
    '[{"type":"function","function":{"name":"f"}},{"type" : "web_search"}]',
    '[{"type":"w\\u0065b_search"}]',
    '[{"t\\u0079pe":"web_search"}]',
    '[{"TYPE":"web_search"}]',
    '[{"type":" web_search"}]',
    '[{"type":"function","type":"web_search"}]',
  ]

  test.each(OLLAMA_INFERENCE)('a web search needs it on %s', async (path, rest) => {
    await using site = await limited(ALL)
    const body = (tools: string) => `{"model":"allowed",${rest},"tools":${tools}}`
    for (const tools of SEARCH_TOOLS) {
      const answer = await site.ask(`POST ${path} HTTP/1.1`, body(tools))
      expect([answer.status, answer.header('x-punku-left-out')], tools).toEqual([200, 'web_search'])
      expect(site.reached().at(-1)?.body.toString(), tools).not.toMatch(/web_search|w\\u0065b_search/)
    }
    const own = '[{"type":"function","name":"web_search","function":{"name":"web_search","parameters":{}}}]'
    const answer = await site.ask(`POST ${path} HTTP/1.1`, body(own))
    expect([answer.status, answer.header('x-punku-left-out')]).toEqual([200, undefined])
    expect(site.reached().at(-1)?.body.toString()).toBe(body(own))
  })

  test.each(OLLAMA_INFERENCE)('a web search is refused without it by option, on %s', async (path, rest) => {
    const config = { gateway: { webSearch: 'refuse' } }
    await using site = await openSite({ upstream: { models: MODELS }, grant: ALL, config })
    for (const tools of SEARCH_TOOLS) {
      const bytes = post(site, path, `{"model":"allowed",${rest},"tools":${tools}}`)
      await expectRefused(site, bytes, { code: 'cloud_not_allowed', dialect: dialectOf(path) })
    }
  })
})
