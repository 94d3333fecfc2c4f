import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { sseEvent } from '../support/scripted/answer.ts'
import type { Step } from '../support/scripted/playback.ts'
import { cut, errorFrame, frames, head, inject, rest, restButTerminator } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { STREAM_CASES } from './stream-cases.ts'
import { settled } from './turns.ts'

const SECRET = 'what the model said'
const MESSAGES = '/v1/messages'
const ASK = { model: 'tiny', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] }
/** A block inside another. */
const STRAY = sseEvent({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: SECRET } })
const CHECKED = STREAM_CASES.filter(({ format }) => format !== 'ollama-progress' && format !== 'llama-completion')

const opened = new AsyncDisposableStack()
let ollama: ScriptedUpstream
let plain: ScriptedUpstream
beforeAll(async () => {
  ollama = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  plain = opened.use(await startScriptedUpstream({ server: 'openai', lacks: [MESSAGES, '/v1/responses'] }))
})
afterAll(() => opened.disposeAsync())

interface Place {
  readonly gateway: TestGateway
  readonly key: string
}

async function placeWith(config: object, upstream: () => ScriptedUpstream): Promise<Place> {
  const gateway = opened.use(
    await startTestGateway({ translates: true, upstreams: [upstream().origin], config: { stream: config } }),
  )
  return { gateway, key: await gateway.key() }
}

/** What is logged of the order of one answer. */
async function faultsOf(
  { gateway, key }: Place,
  path: string,
  body: object,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const before = gateway.logLines.length
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  await answer.text().catch(() => '')
  await settled(gateway)
  const lines = gateway.logLines.slice(before).filter((line) => line.includes('stream.out_of_order'))
  for (const line of lines) expect(line).not.toContain(SECRET)
  const requestId = answer.headers.get('x-request-id')
  return lines.map((line) => JSON.parse(line)).filter(({ request }) => request === requestId)
}

describe('a gateway that checks the order of streams', () => {
  let place: Place
  beforeAll(async () => {
    place = await placeWith({ checkOrder: true }, () => ollama)
  })
  const messages = async (...steps: readonly Step[]) => {
    ollama.behave(steps)
    return await faultsOf(place, MESSAGES, ASK)
  }

  test.each(CHECKED)('has nothing to say of a sound stream of $format', async ({ path, body }) => {
    expect(await faultsOf(place, path, body)).toEqual([])
  })

  test('logs one warning of an answer, with its first fault', async () => {
    const faults = await messages(head, frames(2), inject(STRAY), inject(STRAY), rest)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatchObject({
      level: 40,
      msg: 'stream.out_of_order',
      fault: 'frame 3: a block begins inside another',
      upstream: place.gateway.upstreamId(ollama.origin),
      route: `POST ${MESSAGES}`,
    })
  })

  test('has nothing to say of a stream that is cut off, or fails: that is told otherwise', async () => {
    expect(await messages(head, frames(3), cut)).toEqual([])
    expect(await messages(head, frames(3), inject('event: content'), cut)).toEqual([])
    expect(await messages(head, frames(3), errorFrame('It crashed.'), cut)).toEqual([])
  })

  test('has nothing to say of a frame that is too long to be looked at, or of what follows', async () => {
    const long = sseEvent({ type: 'ping', text: 'x'.repeat(9 * 1_048_576) })
    expect(await messages(head, frames(2), inject(long), inject(STRAY), rest)).toEqual([])
  })

  test('takes a last frame whose blank line is missing', async () => {
    const stop = `event: message_stop\ndata: {"type":"message_stop"}`
    expect(await messages(head, restButTerminator, inject(stop), (playback) => playback.end())).toEqual([])
  })
})

describe('a gateway that checks the order of streams it translates', () => {
  test.each([
    [MESSAGES, ASK],
    ['/v1/responses', { model: 'tiny', input: 'hi', stream: true }],
  ])('has nothing to say of %s', async (path, body) => {
    const place = await placeWith({ checkOrder: true }, () => plain)
    const tool = { name: 'weather', description: 'w', parameters: { type: 'object' }, input_schema: { type: 'object' } }
    expect(await faultsOf(place, path, body)).toEqual([])
    expect(
      await faultsOf(place, path, { ...body, tools: [path === MESSAGES ? tool : { type: 'function', ...tool }] }),
    ).toEqual([])
  })
})

test('by itself a gateway checks nothing', async () => {
  const place = await placeWith({}, () => ollama)
  ollama.behave([head, frames(2), inject(STRAY), rest])
  expect(await faultsOf(place, MESSAGES, ASK)).toEqual([])
})
