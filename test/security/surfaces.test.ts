import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { errorCode, openSite, type Site } from './site.ts'
import { readAnswers } from './wire.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site[Symbol.asyncDispose]())

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: x']

/** Every surface that the listeners have, with what its path answers to a clear head. */
const SURFACES: readonly (readonly [what: string, line: string, lines: readonly string[], status: number])[] = [
  ['the control API', 'GET /control/v1/entrance HTTP/1.1', [], 200],
  ['the control API’s contract', 'GET /control/openapi.json HTTP/1.1', [], 200],
  ['sign-in', 'GET /control/auth/no-such-endpoint HTTP/1.1', [], 404],
  ['the dashboard', 'GET /ui/ HTTP/1.1', [], 200],
  ['the root for a browser', 'GET / HTTP/1.1', ['Accept: text/html'], 302],
  ['the codes of agents', 'GET /tunnel/device HTTP/1.1', [], 405],
  ['the tokens of agents', 'GET /tunnel/token HTTP/1.1', [], 405],
  ['links', 'GET /tunnel HTTP/1.1', UPGRADE, 400],
  ['health', 'GET /healthz HTTP/1.1', [], 200],
  ['the metrics', 'GET /metrics HTTP/1.1', [], 200],
  ['a model route', 'GET /v1/models HTTP/1.1', [], 401],
]

const UNCLEAR: readonly (readonly [what: string, lines: readonly string[], status: number])[] = [
  ['two Hosts', ['Host: 127.0.0.1', 'Host: evil.example'], 400],
  ['the same Host twice', ['Host: 127.0.0.1', 'host: 127.0.0.1'], 400],
  ['no Host', [], 400],
  ['an underscore for a dash in a length', ['Host: 127.0.0.1', 'Content_Length: 4'], 400],
  ['an underscore for a dash in an address', ['Host: 127.0.0.1', 'X_Forwarded_For: 10.0.0.1'], 400],
  ['an underscore for a dash in the origin inside', ['Host: 127.0.0.1', 'x_punku_origin: https://evil.example'], 400],
  ['two types', ['Host: 127.0.0.1', 'Content-Type: application/json', 'Content-Type: text/plain'], 400],
  ['two encodings', ['Host: 127.0.0.1', 'Content-Encoding: gzip', 'Content-Encoding: gzip'], 400],
  ['a coding that is not read', ['Host: 127.0.0.1', 'Transfer-Encoding: identity'], 400],
  ['a coding under the chunks', ['Host: 127.0.0.1', 'Transfer-Encoding: gzip, chunked'], 400],
]

async function ask(line: string, lines: readonly string[]) {
  using connection = await RawConnection.open(site.port)
  const isUpgrade = lines.includes('Connection: Upgrade')
  await connection.send([line, ...(isUpgrade ? [] : ['Connection: close']), ...lines, '\r\n'].join('\r\n'))
  return readAnswers((await connection.untilClosed()).toString('latin1'))
}

describe.each(SURFACES)('%s', (what, line, own, status) => {
  test('answers a clear head', async () => {
    expect((await ask(line, ['Host: 127.0.0.1', ...own])).map((answer) => answer.status)).toEqual([status])
  })

  test.each(UNCLEAR)('refuses %s', async (_, lines, refused) => {
    const [answer, ...more] = await ask(line, [...lines, ...own])
    expect(more).toEqual([])
    expect(answer?.status).toBe(refused)
    expect(errorCode(answer!) ?? 'invalid_request').toBe('invalid_request')
    // Nothing of the surface itself, and nothing of what was sent.
    expect(answer?.body).not.toMatch(/evil|setup|<html/i)
    expect(answer?.header('set-cookie')).toBeUndefined()
    await site.expectWell()
  })

  test('refuses a foreign Host, but for health', async () => {
    const [answer] = await ask(line, ['Host: evil.example', ...own])
    expect(answer?.status).toBe(what === 'health' ? 200 : 403)
    expect(answer?.body.includes('evil.example')).toBe(what !== 'health')
  })

  test('refuses more lines than it may have', async () => {
    const many = Array.from({ length: 99 }, (_, at) => `X-${at}: 1`)
    const [answer] = await ask(line, ['Host: 127.0.0.1', ...own, ...many])
    expect(answer?.status).toBe(431)
  })
})
