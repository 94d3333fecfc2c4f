import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { end, errorFrame, fail, frames, respond } from '../support/scripted/steps.ts'
import { post } from './client.ts'
import { STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'
import { WHOLE_CASES } from './whole-answers.ts'

const json = { 'content-type': 'application/json' }
const text = { 'content-type': 'text/plain' }
const WORDS = 'the prompt has 9000 tokens and the model takes 4096'

/** Errors of no dialect: what proxies, Python's frameworks and Go's routers answer. */
const BODIES = [
  ['a plain text', text, WORDS],
  ['a detail', json, JSON.stringify({ detail: WORDS })],
  ['an old error of vLLM', json, JSON.stringify({ object: 'error', message: WORDS, code: 400 })],
  ['a page', { 'content-type': 'text/html' }, `<html><title>${WORDS}</title><script>x</script></html>`],
] as const

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

async function lastRow() {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

describe.each(WHOLE_CASES)('an error of no dialect on $path', (of) => {
  const messages = [{ role: 'user' as const, content: 'hi' }]
  const asking = {
    ollama: () =>
      new Ollama({ host: ground.gateway.url, headers: { authorization: `Bearer ${ground.key}` } }).chat({
        model: 'tiny',
        messages,
      }),
    openai: () =>
      new OpenAI({ baseURL: `${ground.gateway.url}/v1`, apiKey: ground.key, maxRetries: 0 }).chat.completions.create({
        model: 'tiny',
        messages,
      }),
    anthropic: () =>
      new Anthropic({
        baseURL: ground.gateway.url,
        apiKey: ground.key,
        authToken: null,
        maxRetries: 0,
      }).messages.create({ model: 'tiny', max_tokens: 9, messages }),
  }

  test.each(BODIES)(
    'that is %s reaches the person in the shape of the dialect, with its status',
    async (_, headers, body) => {
      for (const [status, code] of [
        [400, 'upstream_rejected'],
        [500, 'upstream_failed'],
        [503, 'upstream_busy'],
      ] as const) {
        ground.upstreamOf(of).behave([respond(status, headers, body)], { path: of.path, times: 2 })
        const answer = await post({ url: ground.gateway.url, key: ground.key, ...of })
        expect(answer.status).toBe(status)
        expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
        expect(answer.headers.get('retry-after')).toBe(status === 503 ? '2' : null)
        const shown = JSON.stringify(await answer.json())
        expect(shown).toContain(`It said: ${WORDS}`)
        expect(shown).not.toContain('script')
        expect(await lastRow()).toMatchObject({ status, error_code: code })
        await expect(asking[of.dialect as keyof typeof asking]()).rejects.toThrow(WORDS)
      }
    },
  )

  test('that is empty says that nothing was said', async () => {
    ground.upstreamOf(of).behave([respond(500, text, '')], { path: of.path })
    const answer = await post({ url: ground.gateway.url, key: ground.key, ...of })
    expect(JSON.stringify(await answer.json())).toContain('It did not say why')
  })
})

describe('the page of a request', () => {
  const shown = async () => {
    const id = (await lastRow())?.id
    const answer = await ground.gateway.parts.localControl.request(`/control/v1/requests/${id}`)
    return (await answer.json()) as { readonly errorCode: string | null; readonly serverSaid: string | null }
  }

  test.each([
    ['an error of its own', [fail(500, WORDS)]],
    ['a plain text', [respond(500, text, WORDS)]],
  ])('has what the server said with %s, and the database has not', async (_, steps) => {
    const of = WHOLE_CASES[0]!
    ground.upstreamOf(of).behave(steps, { path: of.path })
    await (await post({ url: ground.gateway.url, key: ground.key, ...of })).text()
    expect(await shown()).toMatchObject({ errorCode: 'upstream_failed', serverSaid: WORDS })
    expect(JSON.stringify(await lastRow())).not.toContain(WORDS)
  })

  test.each(STREAM_CASES)('has what it said inside a $format stream', async (of) => {
    ground.upstreamOf(of).behave([frames(1), errorFrame(WORDS), end], { path: of.path })
    await (await post({ url: ground.gateway.url, key: ground.key, ...of })).text()
    expect(await shown()).toMatchObject({ errorCode: 'upstream_failed', serverSaid: WORDS })
  })

  test('has nothing of one that went well', async () => {
    const of = WHOLE_CASES[0]!
    await (await post({ url: ground.gateway.url, key: ground.key, ...of })).text()
    expect(await shown()).toMatchObject({ errorCode: null, serverSaid: null })
  })
})

describe.each(WHOLE_CASES)('an error of the dialect on $path', (of) => {
  test.each([429, 503, 529])('of a server that is busy (%i) is its own, with a time to ask again', async (status) => {
    ground.upstreamOf(of).behave([fail(status, WORDS)], { path: of.path })
    const answer = await post({ url: ground.gateway.url, key: ground.key, ...of })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(JSON.stringify(await answer.json())).toMatch(new RegExp(`"${WORDS}"`))
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_busy' })
  })

  test.each([
    ['3', '3'],
    ['3600', '30'],
    ['Wed, 21 Oct 2099 07:28:00 GMT', '30'],
  ])('that says to wait for %s makes nobody wait longer than half a minute', async (told, heard) => {
    const body = JSON.stringify({ error: of.dialect === 'ollama' ? WORDS : { message: WORDS } })
    ground.upstreamOf(of).behave([respond(429, { ...json, 'retry-after': told }, body)], { path: of.path })
    const answer = await post({ url: ground.gateway.url, key: ground.key, ...of })
    expect(answer.headers.get('retry-after')).toBe(heard)
    expect(await answer.text()).toBe(body)
  })

  test('of an Ollama that nobody is signed in on says so, and not who it is', async () => {
    const body = JSON.stringify({ error: 'unauthorized', signin_url: 'https://ollama.com/connect?key=secret' })
    ground.upstreamOf(of).behave([respond(401, json, body)], { path: of.path })
    const answer = await post({ url: ground.gateway.url, key: ground.key, ...of })
    expect(answer.status).toBe(424)
    const shown = await answer.text()
    expect(shown).toContain('ollama signin')
    expect(shown).not.toContain('secret')
  })
})
