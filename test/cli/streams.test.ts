import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RequestBody } from '../../src/contract/requests.ts'
import { ReadStream } from '../proxy/client.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, type ServingPunku } from './punku.ts'

const place = new Place()
let upstream: ScriptedUpstream
let serving: ServingPunku
let key: string

beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'ollama' })
  key = await makeKey('alice')
})
afterAll(async () => {
  place[Symbol.dispose]()
  await upstream.close()
})

async function makeKey(name: string): Promise<string> {
  await using control = await place.control()
  return (await control.client.call('createKey', { body: { name } })).key
}

async function lastRow() {
  await using control = await place.control()
  return (await control.client.call('listRequests', { query: { limit: 1 } })).requests[0]
}

async function start(): Promise<void> {
  serving = await place.serve('--upstream', upstream.origin)
}

/** Asks for a stream that stands still after two frames until its request is released. */
async function openStream(text = key) {
  const body = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
  upstream.behave([frames(2), hold, rest])
  const stream = await ReadStream.open({ url: serving.url, key: text, path: '/api/chat', body })
  await stream.until((sofar) => sofar.includes('\n'))
  return { stream, request: await upstream.nextRequest() }
}

describe('a running gateway', () => {
  beforeAll(start)
  afterAll(() => serving.punku.stop('SIGTERM'))

  test('cuts the streams of a key that is revoked, and its row says why', async () => {
    const { stream } = await openStream(await makeKey('mallory'))
    expect((await place.run('keys', 'revoke', 'mallory')).code).toBe(0)
    const revokedAtMs = performance.now()
    const answer = await stream.rest()
    process.stdout.write(
      `a revoked stream had ended ${(performance.now() - revokedAtMs).toFixed()} ms after the command\n`,
    )
    expect(answer).toMatch(/\{"error":"[^"]*revoked[^"]*"\}\n$/)
    await upstream.nextClosed()
    const newest = async () => (await place.json<RequestBody[]>('requests', '--limit', '1'))[0]
    // Rows are written some time after their exchange.
    await expect.poll(newest).toMatchObject({
      keyName: 'mallory',
      errorCode: 'key_revoked',
      isStreamed: true,
    })
  })

  test('shows new requests to who follows, until a signal', async () => {
    using follower = place.start('requests', '--follow', '--json', '--key', 'alice')
    using table = place.start('requests', '--follow')
    await table.until((text) => text.includes('TIME'))
    const { stream, request } = await openStream()
    request.release()
    await stream.rest()
    const line = await follower.until((text) => text.includes('\n'))
    expect(JSON.parse(line)).toMatchObject({ keyName: 'alice', route: 'POST /api/chat', status: 200, errorCode: null })
    await table.until((text) => / alice +POST \/api\/chat /.test(text))
    expect(await follower.stop('SIGINT')).toMatchObject({ code: 0, stderr: '' })
    expect(await table.stop('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
  })

  test('a reader that has read enough ends what follows, quietly', async () => {
    using follower = place.start('requests', '--follow')
    await follower.until((text) => text.includes('TIME'))
    follower.child.stdout?.destroy()
    const { stream, request } = await openStream()
    request.release()
    await stream.rest()
    expect(await follower.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a stop', () => {
  beforeEach(start)

  test('by SIGTERM lets a running stream finish, takes no new request, and ends with 0', async () => {
    const { stream, request } = await openStream()
    serving.punku.child.kill('SIGTERM')
    await serving.punku.until((text) => text.includes('Stopping: running answers may finish.'))
    await expect(fetch(`${serving.url}/healthz`)).rejects.toThrow()
    request.release()
    expect(await stream.rest()).toMatch(/"done":true.*\n$/)
    expect(stream.isBroken).toBe(false)
    expect((await serving.punku.ended).code).toBe(0)
    expect(await lastRow()).toMatchObject({ status: 200, errorCode: null, isStreamed: true })
  })

  test('by a second SIGINT ends at once, also where nobody reads what is said', async () => {
    const { stream } = await openStream()
    serving.punku.child.stdout?.destroy()
    serving.punku.child.kill('SIGINT')
    await expect.poll(() => fetch(`${serving.url}/healthz`).catch(() => 'refused')).toBe('refused')
    const { code, stderr } = await serving.punku.stop('SIGINT')
    expect([code, stderr.includes('EPIPE')]).toEqual([0, false])
    expect(await stream.rest()).not.toContain('"done":true')
    expect((await lastRow())?.errorCode).not.toBeNull()
  })

  test('by SIGKILL leaves a lock and a socket that the next start takes over', async () => {
    const { code } = await serving.punku.stop('SIGKILL')
    expect(code).toBeUndefined()
    await start()
    const listing = await fetch(`${serving.url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })
    expect(listing.status).toBe(200)
    await serving.punku.stop('SIGTERM')
  })
})
