import { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const USER_AGENT = 'ollama/0.33.0 (amd64 linux) Go/go1.24.6'
const WRONG = `pk_${'0'.repeat(10)}_${'0'.repeat(52)}`
const NOTHING_SAID = 'something went wrong, please see the ollama server logs for details'

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let key: string
beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest'] }))
  gateway = opened.use(
    await startTestGateway({ upstreams: [upstream.origin], config: { gateway: { keyInPath: true } } }),
  )
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())

/**
 * What Ollama's command line shows of an answer (its `api/client.go`, 0.33): `do` asks for one object, and of a 401 reads
 * `status` alone; `stream` reads lines.
 */
async function cli(host: string, method: string, path: string, body?: object) {
  const response = await fetch(`${gateway.url}${host}${path}`, {
    method,
    headers: { 'user-agent': USER_AGENT, 'content-type': 'application/json', accept: 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (response.status < 400) return { status: response.status, shown: '' }
  const isStreamed = ['/api/pull', '/api/push', '/api/generate', '/api/chat'].includes(path)
  const read = JSON.parse(text === '' ? '{}' : text) as { readonly error?: string; readonly status?: string }
  if (response.status === 401) {
    return { status: 401, shown: isStreamed ? `401 ${response.statusText}` : (read.status ?? NOTHING_SAID) }
  }
  return { status: response.status, shown: read.error ?? NOTHING_SAID }
}

describe("Ollama's command line", () => {
  test.each([
    ['without a key', '', /OLLAMA_HOST=<this gateway>\/k\/<key>/],
    ['with a wrong key in its address', `/k/${WRONG}`, /does not know this key/],
    ['with something else there', '/k/ollama', /no key of this gateway/],
  ])('%s is let knock, and told what is missing', async (_, host, said) => {
    expect((await cli(host, 'HEAD', '/')).status).toBe(200)
    for (const [method, path, body] of [
      ['POST', '/api/show', { model: 'tiny' }],
      ['GET', '/api/tags'],
      ['GET', '/api/ps'],
      ['DELETE', '/api/delete', { model: 'tiny' }],
    ] as const) {
      expect(await cli(host, method, path, body)).toEqual({ status: 401, shown: expect.stringMatching(said) })
    }
  })

  test('runs a model with the key in its address', async () => {
    const host = `/k/${key}`
    expect((await cli(host, 'HEAD', '/')).status).toBe(200)
    expect((await cli(host, 'HEAD', '')).status).toBe(200)
    expect((await cli(host, 'POST', '/api/show', { model: 'tiny' })).status).toBe(200)
    expect((await cli(host, 'POST', '/api/generate', { model: 'tiny', prompt: 'hi' })).status).toBe(200)
  })

  test('lists the models of a server of another kind, with what it cuts and reads without a look', async () => {
    await using other = await startScriptedUpstream({ server: 'llama-server', models: ['tiny'] })
    await using strange = await startTestGateway({ upstreams: [other.origin] })
    const headers = { 'user-agent': USER_AGENT, authorization: `Bearer ${await strange.key()}` }
    for (const path of ['/api/tags', '/api/ps']) {
      const answer = await fetch(strange.url + path, { headers })
      const { models } = (await answer.json()) as { readonly models: readonly Record<string, string>[] }
      expect(models).toHaveLength(1)
      const { name, digest = '', modified_at, expires_at } = models[0] ?? {}
      expect([name, digest.length]).toEqual(['tiny', 64])
      // Go takes nothing else for a time.
      expect(modified_at ?? expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/)
    }
  })

  test('says of `ollama run nope` that the model is not here and that the key may not pull it', async () => {
    const host = `/k/${key}`
    expect(await cli(host, 'POST', '/api/show', { model: 'nope' })).toEqual({
      status: 404,
      shown: "model 'nope' not found. `ollama list` (`GET /api/tags`) shows those that this key may use.",
    })
    const { status, shown } = await cli(host, 'POST', '/api/pull', { model: 'nope' })
    expect(status).toBe(403)
    expect(shown).toMatch(/may not pull models, which `ollama run` does .* --routes inference metadata manage/)
  })

  test('says of `ollama push` what the key lacks', async () => {
    const { status, shown } = await cli(`/k/${key}`, 'POST', '/api/push', { model: 'tiny' })
    expect(status).toBe(403)
    expect(shown).toContain('may not push models')
  })

  test('is told where keys in addresses are not allowed', async () => {
    await using strict = await startTestGateway({ upstreams: [upstream.origin] })
    const headers = { 'user-agent': USER_AGENT }
    const answer = await fetch(`${strict.url}/api/tags`, { headers })
    expect(await answer.json()).toMatchObject({ status: expect.stringContaining('gateway.keyInPath') })
    const other = await fetch(`${strict.url}/api/tags`)
    expect(await other.json()).toMatchObject({ status: expect.not.stringContaining('OLLAMA_HOST') })
  })
})

test('HEAD / has the length of what GET would give, and reaches nobody', async () => {
  const before = upstream.requests.length
  const head = await fetch(gateway.url, { method: 'HEAD' })
  const get = await fetch(gateway.url, { headers: { authorization: `Bearer ${key}` } })
  expect(head.headers.get('content-length')).toBe(String((await get.text()).length))
  expect(upstream.requests.length).toBe(before)
  expect((await fetch(gateway.url)).status).toBe(401)
})

test("Ollama's JavaScript client shows the same texts", async () => {
  const client = (host: string) => new Ollama({ host: gateway.url + host })
  await expect(client('').list()).rejects.toThrow('needs a key')
  await expect(client(`/k/${WRONG}`).list()).rejects.toThrow('does not know this key')
  await expect(client(`/k/${key}`).pull({ model: 'nope' })).rejects.toThrow('may not pull models')
  await expect(client(`/k/${key}`).push({ model: 'tiny' })).rejects.toThrow('may not push models')
  await expect(client(`/k/${key}`).show({ model: 'nope' })).rejects.toThrow("model 'nope' not found")
})
