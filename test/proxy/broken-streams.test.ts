import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { TEST_PATH } from '../support/gateway.ts'
import type { Step } from '../support/scripted/playback.ts'
import {
  bytes,
  cut,
  end,
  errorFrame,
  frames,
  head,
  hold,
  inject,
  misstateLength,
  reset,
  rest,
  restButTerminator,
} from '../support/scripted/steps.ts'
import { post, ReadStream } from './client.ts'
import {
  caseOf,
  STREAM_CASES,
  type StreamCase,
  type StreamGround,
  startStreamGround,
  streamErrorIn,
} from './stream-cases.ts'
import { settled } from './turns.ts'
import { expectError, WHOLE_CASES } from './whole-answers.ts'

const MIB = 1_048_576
const CLOSED = /connection to the model server ended in the middle of its answer/
const UNFINISHED = /ended before the model server said that it was complete/

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

/** Plays the script to one request and reads its answer to the end; a script that holds is let go on after `seen`. */
async function ask(of: StreamCase, steps: readonly Step[], seen = '\n') {
  const playing = ground.play(of, steps)
  const stream = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
  const request = await playing
  if (steps.includes(hold)) {
    await stream.until((text) => text.includes(seen))
    request.release()
  }
  const text = await stream.rest()
  return { text, stream, request, row: await lastRow() }
}

async function lastRow(): Promise<RequestRow | undefined> {
  await settled(ground.gateway)
  return (await ground.gateway.rows()).at(-1)
}

describe.each(STREAM_CASES)('a $format stream', (of) => {
  test.each([
    ['is cut in the middle of a frame', [frames(2), bytes(5), cut], CLOSED],
    ['is cut between two frames', [frames(2), cut], CLOSED],
    ['is cut before its first frame', [head, cut], CLOSED],
    ['is reset', [frames(2), hold, reset], CLOSED],
    ['ends without its terminator', [restButTerminator, end], UNFINISHED],
    ['ends in the middle of a frame', [frames(2), bytes(5), end], UNFINISHED],
    ['ends before its first frame', [head, end], UNFINISHED],
  ] as const)('that %s is told to be broken', async (_, steps, said) => {
    const { text, stream, request, row } = await ask(of, steps)
    expect(streamErrorIn(text, of.format)).toMatch(said)
    expect(text).not.toContain(of.terminator)
    // What did come is there unchanged, and the error is a frame of its own behind it.
    const own = stream.bytes.subarray(request.sentBytes).toString()
    expect(streamErrorIn(own, of.format)).toMatch(said)
    expect(row).toMatchObject({ status: 200, error_code: 'upstream_interrupted', is_streamed: 1 })
    expect(row?.response_bytes).toBe(stream.bytes.length)
  })

  test.each([
    ['ends', [frames(2), errorFrame('out of memory'), end]],
    ['is cut', [frames(2), errorFrame('out of memory'), hold, cut]],
    ['is reset', [frames(2), errorFrame('out of memory'), hold, reset]],
  ] as const)("that reports a failure and %s is the upstream's own report and nothing else", async (_, steps) => {
    const { text, stream, request, row } = await ask(of, steps, 'out of memory')
    expect(text).toContain('out of memory')
    expect(stream.bytes.length).toBe(request.sentBytes)
    expect(row).toMatchObject({ status: 200, error_code: 'upstream_failed' })
  })

  test.each([
    ['reset', reset],
    ['cut', cut],
  ] as const)('that is %s after its terminator is complete', async (_, breakOff) => {
    const { stream, request, row } = await ask(of, [restButTerminator, frames(1), hold, breakOff], of.terminator)
    expect(stream.isBroken).toBe(false)
    expect(stream.bytes.length).toBe(request.sentBytes)
    expect(row).toMatchObject({ status: 200, error_code: null })
  })
})

/** The last frame of each format's answer without its blank line, and without any line end. */
describe.each(STREAM_CASES)('a $format stream whose last frame lacks its end', (of) => {
  const isEvents = of.contentType === 'text/event-stream'
  test.each(isEvents ? ['', '\n', '\r'] : ['', '\n'])('(%j) and ends in good order is complete', async (lineEnd) => {
    const whole = (await ask(of, [rest])).text
    const text = whole.trimEnd() + lineEnd
    const at = text.lastIndexOf(isEvents ? '\n\n' : '\n', text.length - 2)
    const steps = [head, inject(text.slice(0, at)), hold, inject(text.slice(at)), end]
    const { text: received, row } = await ask(of, steps, text.slice(0, 9))
    expect(received.startsWith(text)).toBe(true)
    expect(received.slice(text.length)).toBe(isEvents ? '\n\n' : '')
    expect(row).toMatchObject({ status: 200, error_code: null })
  })

  test('or all of it but one byte is not', async () => {
    const whole = (await ask(of, [rest])).text.trimEnd()
    const { text, row } = await ask(of, [head, inject(whole.slice(0, -1)), end])
    expect(streamErrorIn(text, of.format)).toMatch(UNFINISHED)
    expect(row).toMatchObject({ error_code: 'upstream_interrupted' })
  })
})

describe('the official SDKs throw on every broken stream', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }]
  const readers = {
    'ollama-chat': async () => drain(await ollama().chat({ model: 'tiny', messages, stream: true })),
    'ollama-progress': async () => drain(await ollama().pull({ model: 'tiny', stream: true })),
    'openai-chat': async () => drain(await openai().chat.completions.create({ model: 'tiny', messages, stream: true })),
    'openai-responses': () => openai().responses.stream({ model: 'tiny', input: 'hi' }).finalResponse(),
    'anthropic-messages': () =>
      anthropic().messages.stream({ model: 'tiny', max_tokens: 100, messages }).finalMessage(),
  }
  const formats = Object.keys(readers) as (keyof typeof readers)[]

  test.each(formats)('%s', async (format) => {
    const of = caseOf(format)
    // The SDKs say on the console what they could not parse.
    const consoles = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')].map((spy) => spy.mockReturnValue())
    try {
      for (const steps of [
        [frames(2), bytes(5), cut],
        [frames(2), cut],
        [restButTerminator, end],
      ]) {
        ground.upstreamOf(of).behave(steps, { path: of.path })
        await expect(readers[format]()).rejects.toThrow()
      }
    } finally {
      for (const spy of consoles) spy.mockRestore()
    }
  })

  const ollama = () => new Ollama({ host: ground.gateway.url, headers: { authorization: `Bearer ${ground.key}` } })
  const openai = () => new OpenAI({ baseURL: `${ground.gateway.url}/v1`, apiKey: ground.key, maxRetries: 0 })
  const anthropic = () => new Anthropic({ baseURL: ground.gateway.url, apiKey: ground.key, maxRetries: 0 })
})

describe.each(WHOLE_CASES)('a whole answer of the $dialect dialect', (of) => {
  const send = () => post({ url: ground.gateway.url, key: ground.key, ...of })
  const behave = (steps: readonly Step[]) => ground.upstreamOf(of).behave(steps, { path: of.path })

  test.each([
    ['breaks off', [bytes(10), cut]],
    ['breaks off before its body', [head, cut]],
    ['is reset', [bytes(10), reset]],
    ['has fewer bytes than it promised', [misstateLength(10), bytes(MIB), cut]],
  ] as const)('that %s is an error and nothing of it is shown', async (_, steps) => {
    behave(steps)
    expect(await expectError(await send(), of.dialect, 'upstream_interrupted')).toMatch(CLOSED)
    expect(await lastRow()).toMatchObject({ status: 502, error_code: 'upstream_interrupted', is_streamed: 0 })
  })

  test('that has more bytes than it promised does not become the next answer', async () => {
    behave([misstateLength(-10), bytes(MIB), inject('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstale'), end])
    await (await send()).text()
    behave([rest])
    expect(await (await send()).json()).toBeInstanceOf(Object)
  })

  test('that is too large to hold passes as it comes', async () => {
    const playing = ground.play(of, [misstateLength(5 * MIB), bytes(MIB), inject(Buffer.alloc(5 * MIB, ' ')), end])
    const answering = send()
    const request = await playing
    const answer = Buffer.from(await (await answering).arrayBuffer())
    expect(answer.length).toBe(request.sentBytes)
    expect(JSON.parse(answer.toString())).toBeInstanceOf(Object)
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, response_bytes: answer.length })
  })

  test('that is too large to hold and breaks off ends in a cut connection', async () => {
    const { text, stream, row } = await ask(
      of,
      [...[misstateLength(6 * MIB), bytes(MIB), inject(Buffer.alloc(5 * MIB, ' '))], ...[hold, cut]],
      '{',
    )
    expect(stream.response.status).toBe(200)
    // It is cut either way; through a tunnel the cut may overtake the last bytes on their way to the client, the more of
    // them the busier the machine is. What could be held has passed.
    expect(text.length).toBeGreaterThan((TEST_PATH === 'direct' ? 5 : 4) * MIB)
    expect(stream.isBroken).toBe(true)
    expect(row).toMatchObject({ error_code: 'upstream_interrupted' })
  })
})

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
