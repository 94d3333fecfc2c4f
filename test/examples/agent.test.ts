import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram } from '../cli/punku.ts'
import { post, ReadStream } from '../proxy/client.ts'
import { until } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import { SCRIPTED_WORDS } from '../support/scripted/answer.ts'
import { frames, head, hold, inject, reset, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { watched } from '../support/watched.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const path = '/api/chat'
const messages = [{ role: 'user', content: 'hi' }]

// Told as skipped where Python is missing; a CI that lacks it fails.
const AGENTS = [
  ['agent.ts', process.execPath],
  ...(hasProgram('python3', '--version') ? [['agent.py', 'python3'] as const] : []),
] as const

describe.each(AGENTS)('examples/%s', (file, program) => {
  const opened = new AsyncDisposableStack()
  let gateway: TestGateway
  let upstream: ScriptedUpstream
  let agent: ChildProcess
  let told = ''
  let key: string
  let tunnelId: string

  beforeAll(async () => {
    // A gateway wants an upstream of its own; this one has other models.
    const other = opened.use(await startScriptedUpstream({ server: 'llama-server', models: ['other'] }))
    gateway = opened.use(await startTestGateway({ upstreams: [other.origin] }))
    upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    key = await gateway.key()
    const { tunnels } = gateway.parts.state
    const { tunnel, token } = await tunnels.create(LOCAL, 'example')
    tunnelId = tunnel.id
    const args = [EXAMPLES + file, gateway.url, upstream.origin]
    agent = watched(spawn(program, args, { stdio: ['pipe', 'inherit', 'pipe'] }))
    agent.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told += text
    })
    opened.defer(() => void agent.kill('SIGKILL'))
    agent.stdin?.end(`${token.reveal()}\n`)
    // The gateway asks for the models when the link has come up.
    await until(() => {
      if (agent.exitCode !== null) throw new Error(`the agent ended before it was of use: ${told}`)
      return gateway.parts.upstreams.all().some(({ id, known }) => id === tunnelId && known.health.state === 'up')
    })
  })
  afterAll(() => opened.disposeAsync())

  function chat(content: string): Promise<ReadStream> {
    return ReadStream.open({
      url: gateway.url,
      key,
      path,
      body: { model: 'tiny', messages: [{ role: 'user', content }] },
    })
  }

  /** Nothing of an exchange is left behind at either end. */
  async function expectNoStream(): Promise<void> {
    await until(() => gateway.parts.relay.status(tunnelId)?.streams === 0)
  }

  test('serves a stream while it is made', async () => {
    upstream.behave([head, frames(2), hold, rest])
    const stream = await chat('hi')
    await stream.until((text) => text.includes(SCRIPTED_WORDS[1]))
    expect(stream.text).not.toContain(SCRIPTED_WORDS[2])
    const request = await upstream.nextRequest()
    request.release()
    const text = await stream.rest()
    const words = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).message.content)
    expect(words.join('')).toBe(SCRIPTED_WORDS.join(''))
    expect(request.headers.host).toBe(new URL(upstream.origin).host)
    expect(request.headers).not.toHaveProperty('authorization')
    await expectNoStream()
  })

  test('takes a request and a response that are far larger than a window', async () => {
    const answer = `${JSON.stringify({ message: { content: 'y'.repeat(3_000_000) } })}\n`
    upstream.behave([head, inject(answer), rest])
    const stream = await chat('x'.repeat(3_000_000))
    expect((await stream.rest()).startsWith(answer)).toBe(true)
    expect((await upstream.nextRequest()).body).toHaveLength(
      JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'x'.repeat(3_000_000) }] }).length,
    )
    await expectNoStream()
  })

  test('serves many at a time', async () => {
    for (let i = 0; i < 10; i++) upstream.behave([head, frames(1), hold, rest])
    const streams = await Promise.all(Array.from({ length: 10 }, () => chat('hi')))
    for (const stream of streams) await stream.until((text) => text.includes(SCRIPTED_WORDS[0]))
    for (let i = 0; i < 10; i++) (await upstream.nextRequest()).release()
    for (const stream of streams) expect(await stream.rest()).toContain('"done":true')
    await expectNoStream()
  })

  test('ends the local request when the client leaves', async () => {
    upstream.behave([head, frames(1), hold])
    const abort = new AbortController()
    const response = await post({
      url: gateway.url,
      key,
      path,
      body: { model: 'tiny', messages },
      signal: abort.signal,
    })
    const { connection } = await upstream.nextRequest()
    expect(response.status).toBe(200)
    abort.abort()
    await connection.closed
    await expectNoStream()
  })

  test('tells a stream that broke from one that ended', async () => {
    upstream.behave([head, frames(2), reset])
    const stream = await chat('hi')
    const text = await stream.rest()
    expect(text).not.toContain('"done":true')
    expect(text).toContain('"error"')
    await expectNoStream()
  })

  test('refuses what is not on its own list', async () => {
    const manager = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
    const count = upstream.requests.length
    const response = await post({ url: gateway.url, key: manager, path: '/api/pull', body: { model: 'other' } })
    expect(response.status).toBe(403)
    expect(upstream.requests).toHaveLength(count)
    await expectNoStream()
  })

  test('ends when its tunnel is revoked, and says so', async () => {
    const ended = once(agent, 'close')
    await gateway.parts.state.tunnels.revoke(LOCAL, tunnelId)
    expect(await ended).toEqual([1, null])
    expect(told).toMatch(/^The gateway ended the link: 4003 [^\n]+\n$/)
  })
})
