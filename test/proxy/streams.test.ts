import { readdirSync, readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FormatName } from '../../src/formats/format.ts'
import type { RequestRow } from '../../src/gateway/store/schema.ts'
import { ManualClock } from '../support/clock.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import type { Step } from '../support/scripted/playback.ts'
import {
  bytes,
  end,
  fail,
  flood,
  frames,
  head,
  hold,
  inject,
  rest,
  restButTerminator,
  restByRelease,
} from '../support/scripted/steps.ts'
import { ReadStream } from './client.ts'
import {
  caseOf,
  STREAM_CASES,
  type StreamCase,
  type StreamGround,
  startStreamGround,
  streamErrorIn,
} from './stream-cases.ts'
import { settled, until } from './turns.ts'

const FIXTURES = new URL('../fixtures/streams/', import.meta.url)
const KEEP_ALIVES: Readonly<Record<string, string>> = {
  openai: ': keep-alive\n\n',
  anthropic: 'event: ping\ndata: {"type": "ping"}\n\n',
}
const SSE_CASES = STREAM_CASES.filter(({ dialect }) => dialect !== 'ollama')
const NDJSON_CASES = STREAM_CASES.filter(({ dialect }) => dialect === 'ollama')

describe('bytes', () => {
  const opened = new AsyncDisposableStack()
  let ground: StreamGround
  beforeAll(async () => {
    ground = opened.use(await startStreamGround())
  })
  afterAll(() => opened.disposeAsync())

  /** Plays `pieces`, each once the client has all before it; what the client got, and the row that tells of it. */
  async function carry(of: StreamCase, pieces: readonly Buffer[]) {
    const playing = ground.play(of, [head, ...pieces.flatMap((piece) => [hold, inject(piece)]), end])
    const stream = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    const request = await playing
    let sentBytes = 0
    for (const piece of pieces) {
      request.release()
      sentBytes += piece.length
      await stream.until(() => stream.bytes.length >= sentBytes)
    }
    await stream.rest()
    await settled(ground.gateway)
    return { received: stream.bytes, row: outcomeOf((await ground.gateway.rows()).at(-1)) }
  }

  test.each(STREAM_CASES)('$format: recorded streams pass unchanged, wherever they are cut', async (of) => {
    for (const { name, content } of fixturesOf(of.format)) {
      const whole = await carry(of, [content])
      expect(whole.received.equals(content), name).toBe(true)
      expect(whole.row, name).toMatchObject({ error_code: name.includes('fails') ? 'upstream_failed' : null })
      const cuts = fc.uniqueArray(fc.nat(content.length - 1), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(cuts, async (at) => {
          expect(await carry(of, split(content, at))).toEqual(whole)
        }),
        { numRuns: 4 },
      )
    }
  })

  test('every byte of a stream can come alone', async () => {
    for (const of of STREAM_CASES) {
      const [fixture] = fixturesOf(of.format).sort((a, b) => a.content.length - b.content.length)
      const content = fixture?.content ?? Buffer.alloc(0)
      const each = Array.from(content, (_, at) => content.subarray(at, at + 1))
      expect(await carry(of, each)).toEqual(await carry(of, [content]))
    }
  })

  test.each(STREAM_CASES)('$format: each frame is there before the next is sent', async (of) => {
    const playing = ground.play(of, [head, restByRelease])
    const stream = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    const request = await playing
    const sizes: number[] = []
    for (let isOver = false; !isOver; ) {
      const before = request.sentBytes
      request.release()
      await until(() => request.sentBytes > before)
      await stream.until(() => stream.bytes.length === request.sentBytes)
      sizes.push(request.sentBytes - before)
      isOver = sizes.length > 3 && stream.text.includes(of.terminator)
    }
    await stream.rest()
    expect(sizes.length).toBeGreaterThan(3)
    expect(stream.bytes.length).toBe(request.sentBytes)
  })

  test.each(STREAM_CASES)('$format: the head of the answer', async (of) => {
    const playing = ground.play(of, [head, hold, rest])
    // Before any frame: a client may wait for the head to know that it was let in.
    const stream = await ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    const { headers, status } = stream.response
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe(of.contentType)
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{20}$/)
    expect(headers.get('request-id')).toBe(headers.get('x-request-id'))
    expect(headers.get('content-length')).toBeNull()
    expect(headers.get('x-punku-upstream')).toBe(ground.gateway.upstreamId(ground.upstreamOf(of).origin))
    const request = await playing
    request.release()
    await stream.rest()
  })
})

describe('silence', () => {
  const clock = new ManualClock()
  const opened = new AsyncDisposableStack()
  let ground: StreamGround
  beforeAll(async () => {
    const timeouts = { firstByte: '10s', streamIdle: '6s', slowReader: '20s' }
    ground = opened.use(await startStreamGround({ clock, config: { timeouts, stream: { keepAlive: '2s' } } }))
  })
  afterAll(() => opened.disposeAsync())

  /** Sends the request; the script then stands at its first `hold`. */
  async function ask(of: StreamCase, steps: readonly Step[]) {
    const playing = ground.play(of, steps)
    const opening = ReadStream.open({ url: ground.gateway.url, key: ground.key, ...of })
    return { opening, request: await playing }
  }

  async function lastRow(): Promise<RequestRow | undefined> {
    await settled(ground.gateway)
    return (await ground.gateway.rows()).at(-1)
  }

  test.each(SSE_CASES)('$format: signs of life before the head and between frames', async (of) => {
    const keepAlive = KEEP_ALIVES[of.dialect] ?? ''
    const { opening, request } = await ask(of, [hold, frames(1), hold, rest])
    clock.advance(2_250)
    const stream = await opening
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(await stream.until((text) => text.length >= keepAlive.length)).toBe(keepAlive)
    clock.advance(2_000)
    await stream.until((text) => text === keepAlive.repeat(2))
    request.release()
    const first = await stream.until((text) => text.length > keepAlive.length * 2)
    clock.advance(2_250)
    await stream.until((text) => text === first + keepAlive)
    request.release()
    const all = await stream.rest()
    expect(all.startsWith(first + keepAlive)).toBe(true)
    expect(Buffer.byteLength(all.replaceAll(keepAlive, ''))).toBe(request.sentBytes)
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, response_bytes: Buffer.byteLength(all) })
  })

  test.each(SSE_CASES)('$format: nothing stands inside a frame', async (of) => {
    const { opening, request } = await ask(of, [bytes(10), hold, rest])
    const stream = await opening
    await stream.until((text) => text.length === 10)
    clock.advance(5_000)
    request.release()
    expect(await stream.rest()).not.toContain(KEEP_ALIVES[of.dialect])
    expect(stream.bytes.length).toBe(request.sentBytes)
  })

  test.each(NDJSON_CASES)('$format: nothing that is no frame', async (of) => {
    const { opening, request } = await ask(of, [hold, frames(1), hold, rest])
    clock.advance(5_000)
    request.release()
    const stream = await opening
    await stream.until((text) => text.includes('\n'))
    clock.advance(5_000)
    request.release()
    await stream.rest()
    expect(stream.bytes.length).toBe(request.sentBytes)
  })

  test('a whole answer that was asked for gets none', async () => {
    const of = { ...caseOf('openai-chat'), body: { ...caseOf('openai-chat').body, stream: false } }
    const { opening, request } = await ask(of, [hold, rest])
    clock.advance(5_000)
    request.release()
    expect(JSON.parse(await (await opening).rest())).toHaveProperty('choices')
  })

  test("OpenAI's and Anthropic's SDKs read a stream with signs of life in it", async () => {
    const messages = [{ role: 'user' as const, content: 'hi' }]
    const openai = new OpenAI({ baseURL: `${ground.gateway.url}/v1`, apiKey: ground.key })
    const chat = caseOf('openai-chat')
    const chatting = openai.chat.completions.stream({ model: 'tiny', messages })
    expect(await slowly(chat, () => chatting.finalChatCompletion())).toMatchObject({
      choices: [{ message: { content: SCRIPTED_TEXT } }],
    })
    const anthropic = new Anthropic({ baseURL: ground.gateway.url, apiKey: ground.key })
    const message = () => anthropic.messages.stream({ model: 'tiny', max_tokens: 100, messages }).finalMessage()
    expect(await slowly(caseOf('anthropic-messages'), message)).toMatchObject({ content: [{ text: SCRIPTED_TEXT }] })
  })

  /** Has `work` answered with silences between its frames, and makes sure that they were filled. */
  async function slowly<T>(of: StreamCase, work: () => Promise<T>): Promise<T> {
    const playing = ground.play(of, [hold, frames(1), hold, frames(2), hold, rest])
    const result = work()
    const request = await playing
    for (let at = 0; at < 3; at++) {
      clock.advance(2_250)
      const before = request.sentBytes
      request.release()
      await until(() => request.sentBytes > before)
    }
    const answer = await result
    expect((await lastRow())?.response_bytes).toBeGreaterThan(request.sentBytes)
    return answer
  }

  test.each(SSE_CASES)('$format: a refusal after the first sign of life is told inside the stream', async (of) => {
    const refusals = [
      [400, 'upstream_rejected', 'refused the request (status 400)'],
      [429, 'upstream_busy', 'more to do than it takes (status 429)'],
      [500, 'upstream_failed', 'answered with status 500 instead of a stream'],
      [503, 'upstream_busy', 'more to do than it takes (status 503)'],
    ] as const
    for (const [status, code, what] of refusals) {
      const { opening, request } = await ask(of, [hold, fail(status, 'model needs 48 GiB\nat http://10.0.0.9:11434/x')])
      clock.advance(2_250)
      const stream = await opening
      request.release()
      const text = await stream.rest()
      expect(stream.response.status).toBe(200)
      expect(streamErrorIn(text, of.format)).toContain(what)
      expect(streamErrorIn(text, of.format)).toMatch(/It said: model needs 48 GiB at …$/)
      if (of.dialect === 'anthropic') expect(text.includes('overloaded_error')).toBe(code === 'upstream_busy')
      expect(await lastRow()).toMatchObject({ error_code: code })
    }
  })

  test('an upstream that denies the gateway itself after the first sign of life', async () => {
    const of = caseOf('openai-chat')
    const { opening, request } = await ask(of, [hold, fail(401)])
    clock.advance(2_250)
    const stream = await opening
    request.release()
    expect(streamErrorIn(await stream.rest(), of.format)).toContain('refused the gateway itself')
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_denied' })
  })

  test.each(STREAM_CASES)('$format: no first byte within its limit', async (of) => {
    const { opening, request } = await ask(of, [hold, rest])
    clock.advance(9_750)
    expect(ground.gateway.parts.gateway.liveExchanges).toBe(1)
    clock.advance(500)
    const stream = await opening
    const text = await stream.rest()
    if (of.dialect === 'ollama') expect(stream.response.status).toBe(504)
    expect(text).toContain('sent nothing within the time allowed for the first byte')
    expect((await request.ended).how).toBe('abandoned')
    expect(await lastRow()).toMatchObject({ error_code: 'upstream_timeout' })
  })

  test.each(STREAM_CASES)('$format: silence within a stream beyond its limit', async (of) => {
    const { opening, request } = await ask(of, [frames(1), hold, rest])
    const stream = await opening
    await stream.until((text) => text.endsWith('\n'))
    clock.advance(5_750)
    expect(ground.gateway.parts.gateway.liveExchanges).toBe(1)
    clock.advance(500)
    expect(streamErrorIn(await stream.rest(), of.format)).toContain('fell silent in the middle of its answer')
    expect((await request.ended).how).toBe('abandoned')
    expect(await lastRow()).toMatchObject({ status: 200, error_code: 'upstream_timeout' })
  })

  test.each(STREAM_CASES)('$format: a server that has said all and stays silent has not failed', async (of) => {
    const { opening, request } = await ask(of, [restButTerminator, frames(1), hold])
    const stream = await opening
    await stream.until((text) => text.includes(of.terminator) && text.endsWith('\n'))
    await until(() => request.sentBytes === stream.bytes.length)
    clock.advance(6_250)
    await stream.rest()
    expect(stream.isBroken).toBe(false)
    expect(stream.bytes.length).toBe(request.sentBytes)
    expect((await request.ended).how).toBe('abandoned')
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null })
  })

  test('the first-byte limit holds to the tick where signs of life come at another pace', async () => {
    const config = { timeouts: { firstByte: '5s', streamIdle: '5s' }, stream: { keepAlive: '4s' } }
    await using other = await startStreamGround({ clock, config })
    const of = caseOf('openai-chat')
    const playing = other.play(of, [hold, rest])
    const opening = ReadStream.open({ url: other.gateway.url, key: other.key, ...of })
    await playing
    clock.advance(4_250)
    const stream = await opening
    clock.advance(1_000)
    expect(await stream.rest()).toContain('sent nothing within the time allowed')
  })

  test.each(STREAM_CASES)('$format: a stream may take for ever, as long as it goes on', async (of) => {
    const count = 20
    const steps = Array.from({ length: count }, () => [hold, flood(1, 1)]).flat()
    const { opening, request } = await ask(of, [frames(1), ...steps, hold, rest])
    const stream = await opening
    for (let sent = 0; sent < count; sent++) {
      const before = request.sentBytes
      clock.advance(5_000)
      request.release()
      await until(() => request.sentBytes > before)
      await stream.until((text) => Buffer.byteLength(withoutKeepAlives(text, of)) === request.sentBytes)
    }
    request.release()
    await stream.rest()
    expect(await lastRow()).toMatchObject({ status: 200, error_code: null, duration_ms: count * 5_000 })
  })
})

/** What must not depend on how a stream was cut. */
function outcomeOf(row: RequestRow | undefined) {
  if (row === undefined) throw new Error('there is no row')
  const { status, error_code, model_used, prompt_tokens, completion_tokens, cached_tokens, is_estimated } = row
  const { response_bytes, is_streamed } = row
  return {
    ...{ status, error_code, model_used, prompt_tokens, completion_tokens, cached_tokens, is_estimated },
    ...{ response_bytes, is_streamed },
  }
}

function fixturesOf(format: FormatName): { readonly name: string; readonly content: Buffer }[] {
  return readdirSync(FIXTURES)
    .filter((name) => name.startsWith(`${format}-`))
    .map((name) => ({ name, content: readFileSync(new URL(name, FIXTURES)) }))
}

function split(content: Buffer, at: readonly number[]): Buffer[] {
  const cuts = [0, ...at.toSorted((a, b) => a - b), content.length]
  return cuts.flatMap((from, index) => {
    const piece = content.subarray(from, cuts[index + 1])
    return index === cuts.length - 1 || piece.length === 0 ? [] : [piece]
  })
}

function withoutKeepAlives(text: string, { dialect }: StreamCase): string {
  return text.replaceAll(KEEP_ALIVES[dialect] ?? '\0', '')
}
