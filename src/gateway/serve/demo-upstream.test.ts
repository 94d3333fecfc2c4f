import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReadStream } from '../../../test/proxy/client.ts'
import { until } from '../../../test/security/site.ts'
import { ManualClock } from '../../../test/support/clock.ts'
import { systemClock } from '../../core/clock.ts'
import { DEMO_MODEL, type DemoUpstream, startDemoUpstream } from './demo-upstream.ts'

const messages = [{ role: 'user' as const, content: 'hi' }]
const model = DEMO_MODEL

/** A clock on which every timer is due at once: the words come as fast as they are taken. */
const hurriedClock = { ...systemClock, every: (_ms: number, run: () => void) => systemClock.every(0, run) }

let demo: DemoUpstream
beforeEach(async () => {
  demo = await startDemoUpstream(hurriedClock)
})
afterEach(() => demo.close())

async function textOf<Part>(stream: AsyncIterable<Part>, read: (part: Part) => string): Promise<string> {
  let text = ''
  for await (const part of stream) text += read(part)
  return text
}

describe('the official SDKs read its one answer, streamed and whole', () => {
  test('ollama', async () => {
    const ollama = new Ollama({ host: demo.url })
    const whole = await ollama.chat({ model, messages })
    expect(whole.message.content).toMatch(/^This is the demo/)
    expect(whole).toMatchObject({ done: true, done_reason: 'stop', prompt_eval_count: expect.any(Number) })
    const chat = await textOf(await ollama.chat({ model, messages, stream: true }), ({ message }) => message.content)
    const generate = await ollama.generate({ model, prompt: 'hi', stream: true })
    expect(chat).toBe(whole.message.content)
    expect(await textOf(generate, ({ response }) => response ?? '')).toBe(whole.message.content)
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual([`${model}:latest`])
  })

  test('openai', async () => {
    const { completions } = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'none', maxRetries: 0 }).chat
    const whole = await completions.create({ model, messages })
    expect(whole.choices[0]?.message.content).toMatch(/^This is the demo/)
    let usage: OpenAI.CompletionUsage | null | undefined
    const streamed = await textOf(await completions.create({ model, messages, stream: true }), (chunk) => {
      usage = chunk.usage ?? usage
      return chunk.choices[0]?.delta.content ?? ''
    })
    expect(streamed).toBe(whole.choices[0]?.message.content)
    expect(usage?.completion_tokens).toBe(whole.usage?.completion_tokens)
  })

  test('anthropic', async () => {
    const { messages: api } = new Anthropic({ baseURL: demo.url, apiKey: 'none', maxRetries: 0 })
    const whole = await api.create({ model, messages, max_tokens: 1_000 })
    expect(whole.content).toEqual([{ type: 'text', text: expect.stringMatching(/^This is the demo/) }])
    const streamed = await api.stream({ model, messages, max_tokens: 1_000 }).finalMessage()
    expect(streamed.content).toEqual(whole.content)
    expect(streamed).toMatchObject({ stop_reason: 'end_turn', usage: { output_tokens: whole.usage.output_tokens } })
  })
})

test.each(['/api/chat', '/api/generate', '/v1/chat/completions', '/v1/messages'])(
  '%s has no other model',
  async (path) => {
    const response = await fetch(demo.url + path, {
      method: 'POST',
      body: JSON.stringify({ model: 'llama3', messages }),
    })
    expect([response.status, await response.json()]).toEqual([404, { error: "model 'llama3' not found" }])
  },
)

test('letter case and the tag `latest` are no part of its name', async () => {
  for (const name of ['Demo', 'DEMO:latest']) {
    const body = JSON.stringify({ model: name, messages, stream: false })
    expect((await fetch(`${demo.url}/v1/chat/completions`, { method: 'POST', body })).status).toBe(200)
  }
})

test('what it has no answer to is refused, what it cannot read ends the connection, and it goes on', async () => {
  const outcomeOf = (path: string, body?: string) =>
    fetch(demo.url + path, body === undefined ? {} : { method: 'POST', body }).then(
      ({ status }) => status,
      () => 'closed',
    )
  expect(await outcomeOf('/api/embed', '{}')).toBe(404)
  expect(await outcomeOf('/api/chat', '{"model":')).toBe('closed')
  expect(await outcomeOf('/api/chat', 'null')).toBe('closed')
  expect(await outcomeOf('/api/chat', ' '.repeat(1_048_577))).toBe('closed')
  expect(await outcomeOf('/')).toBe(200)
})

describe('its words keep to the clock', () => {
  let clock: ManualClock
  let slow: DemoUpstream
  beforeEach(async () => {
    clock = new ManualClock()
    slow = await startDemoUpstream(clock)
  })
  afterEach(() => slow.close())

  const ask = () => {
    const body = JSON.stringify({ model, messages, stream: true })
    return ReadStream.open({ url: slow.url, path: '/v1/chat/completions', body })
  }
  const wordsOf = (text: string) => text.match(/"content":"[^"]+"/g)?.length ?? 0

  test('one every 40 ms', async () => {
    const answer = await ask()
    await answer.until((text) => text.includes('"role":"assistant"'))
    for (const words of [1, 2, 3]) {
      clock.advance(40)
      expect(wordsOf(await answer.until((text) => wordsOf(text) >= words))).toBe(words)
    }
    clock.advance(60_000)
    expect(await answer.rest()).toMatch(/data: \[DONE\]\n\n$/)
    expect(clock.pendingTimers).toBe(0)
  })

  test('and stop when the client leaves', async () => {
    const answer = await ask()
    await until(() => clock.pendingTimers === 1)
    await answer.leave()
    await until(() => clock.pendingTimers === 0)
  })
})
