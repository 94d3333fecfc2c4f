import { describe, expect, it } from 'vitest'
import type { Answer } from './answer.ts'
import { ask, type Question } from './ask.ts'

interface Sent {
  readonly path: string
  readonly init: RequestInit
}

/** Asks once, and answers with each of these in turn. */
async function run(
  responses: readonly (Response | Error)[],
  change: Partial<Question> = {},
): Promise<{ sent: Sent[]; answers: Answer[]; upstream: string | undefined }> {
  const sent: Sent[] = []
  const answers: Answer[] = []
  let upstream: string | undefined
  let keys = 0
  let nowMs = 0
  await ask({
    dialect: 'openai',
    request: { path: '/v1/chat/completions', headers: { 'content-type': 'application/json' }, body: '{}' },
    key: { text: async () => `key-${keys}`, forget: () => (keys += 1) },
    signal: new AbortController().signal,
    onAnswer: (answer, by) => {
      answers.push(answer)
      upstream = by
    },
    fetch: async (path, init) => {
      sent.push({ path, init })
      const response = responses[sent.length - 1]
      if (response instanceof Response) return response
      throw response
    },
    now: () => (nowMs += 10),
    ...change,
  })
  return { sent, answers, upstream }
}

const streamed = () =>
  new Response('data: {"choices":[{"delta":{"content":"Hello"}}]}\n\ndata: [DONE]\n\n', {
    headers: { 'x-punku-upstream': 'ollama' },
  })
const refused = (status: number, message: string) =>
  new Response(JSON.stringify({ error: { message } }), { status, headers: { 'content-type': 'application/json' } })

describe('ask', () => {
  it('presents the key and no session, and follows the answer', async () => {
    const { sent, answers, upstream } = await run([streamed()])
    expect(sent).toHaveLength(1)
    expect(sent[0]?.init.credentials).toBe('omit')
    expect(sent[0]?.init.headers).toMatchObject({ authorization: 'Bearer key-0' })
    expect(answers.at(-1)).toMatchObject({ state: 'done', text: 'Hello', firstMs: 10 })
    expect(upstream).toBe('ollama')
  })

  it('makes another key when its own has ended, once', async () => {
    const { sent, answers } = await run([refused(401, 'The key was revoked.'), streamed()])
    expect(sent.map(({ init }) => (init.headers as Record<string, string>)['authorization'])).toEqual([
      'Bearer key-0',
      'Bearer key-1',
    ])
    expect(answers.at(-1)?.state).toBe('done')

    const twice = await run([refused(401, 'The key was revoked.'), refused(401, 'The key was revoked.')])
    expect(twice.sent).toHaveLength(2)
    expect(twice.answers.at(-1)).toMatchObject({ state: 'failed', problem: 'The key was revoked.' })
  })

  it('tells a refusal and a broken connection in words', async () => {
    expect((await run([refused(404, 'No such model.')])).answers).toMatchObject([
      { state: 'failed', problem: 'No such model.' },
    ])
    const broken = await run([new TypeError('Failed to fetch')])
    expect(broken.answers[0]?.problem).toContain('gateway')
  })

  it('tells why no key could be made, and sends nothing', async () => {
    const key = { text: () => Promise.reject(new Error('This org lets its members make no keys.')), forget: () => {} }
    const { sent, answers } = await run([], { key })
    expect(sent).toEqual([])
    expect(answers[0]?.problem).toBe('This org lets its members make no keys.')
  })

  it('keeps what was said when it is stopped', async () => {
    const stop = new AbortController()
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'))
        stop.signal.addEventListener('abort', () => controller.error(stop.signal.reason))
      },
    })
    const answers: Answer[] = []
    const onAnswer = (answer: Answer) => {
      answers.push(answer)
      stop.abort()
    }
    await run([new Response(stream)], { signal: stop.signal, onAnswer })
    expect(answers.at(-1)).toMatchObject({ state: 'stopped', text: 'Hel', problem: undefined })
  })
})
