import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { ADDRESS_HEADER, type Answer, formOf, openRelaySite, type RelaySite } from '../../../test/support/relay-site.ts'

const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const HERE = '192.0.2.1'

interface Device {
  readonly device_code: string
  readonly user_code: string
}

/** Posts a form as an agent does. */
function post(site: RelaySite, path: string, fields: Readonly<Record<string, string>>, headers = {}): Promise<Answer> {
  const body = formOf({ client_id: 'punku-agent', ...fields })
  return site.ask(path, { method: 'POST', headers: { ...FORM_TYPE, ...headers }, body })
}

async function startPairing(site: RelaySite, fields: Readonly<Record<string, string>> = {}): Promise<Device> {
  return JSON.parse((await post(site, '/tunnel/device', fields)).text) as Device
}

const redeem = (site: RelaySite, code: string, headers = {}) =>
  post(site, '/tunnel/token', { grant_type: DEVICE_GRANT, device_code: code }, headers)
const refresh = (site: RelaySite, token: string) =>
  post(site, '/tunnel/token', { grant_type: 'refresh_token', refresh_token: token })
const approve = (site: RelaySite, userCode: string) => site.pairings.approve(LOCAL, { userCode })

/** Status and error of a refusal in the form of RFC 6749 §5.2. */
function refusalOf({ status, headers, text }: Answer): [number, string] {
  expect(headers['content-type']).toBe('application/json')
  expect(headers['cache-control']).toBe('no-store')
  expect(headers['x-content-type-options']).toBe('nosniff')
  const body = JSON.parse(text) as { error: string; error_description: string }
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(body.error_description).toMatch(/^[\x20-\x7e]+\.$/)
  return [status, body.error]
}

describe('POST /tunnel/device', () => {
  test('begins a pairing', async () => {
    const site = await openRelaySite()
    const answer = await post(site, '/tunnel/device', { label: 'attic', machine: 'Ada’s Mac', platform: 'darwin' })
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' })
    const body = JSON.parse(answer.text)
    expect(body).toEqual({
      device_code: expect.stringMatching(/^pd_/),
      user_code: expect.stringMatching(/^\w{3}-\w{3}$/),
      verification_uri: `${site.url}/connect`,
      verification_uri_complete: `${site.url}/connect?code=${body.user_code}`,
      expires_in: 600,
      interval: 5,
    })
    expect(await site.pairings.find(body.user_code, HERE)).toMatchObject({
      label: 'attic',
      machine: 'Ada’s Mac',
      platform: 'darwin',
      software: '',
      address: HERE,
      state: 'pending',
    })
  })

  test('names the public address of the gateway', async () => {
    const site = await openRelaySite({ baseUrl: 'https://models.example' })
    expect(JSON.parse((await post(site, '/tunnel/device', {})).text)).toMatchObject({
      verification_uri: 'https://models.example/connect',
      verification_uri_complete: expect.stringMatching(/^https:\/\/models\.example\/connect\?code=/),
    })
  })

  test('refuses a label that can be none', async () => {
    const site = await openRelaySite()
    expect(refusalOf(await post(site, '/tunnel/device', { label: '<b>' }))).toEqual([400, 'invalid_request'])
  })

  test('takes so many of one address in 10 minutes, well formed or not', async () => {
    const site = await openRelaySite({ limits: { deviceCodes: 3 } })
    await post(site, '/tunnel/device', {})
    await post(site, '/tunnel/device', { client_id: 'other' })
    await post(site, '/tunnel/device', {})
    const limited = await post(site, '/tunnel/device', {})
    expect(refusalOf(limited)).toEqual([429, 'pairing_limited'])
    expect(limited.headers['retry-after']).toBe('600')
    expect((await post(site, '/tunnel/device', {}, { [ADDRESS_HEADER]: '192.0.2.2' })).status).toBe(200)
    site.clock.advance(600_000)
    expect((await post(site, '/tunnel/device', {})).status).toBe(200)
  })

  test('says when too many wait to be confirmed, and for how long', async () => {
    const site = await openRelaySite()
    for (let i = 0; i < 10; i++) await startPairing(site)
    const limited = await post(site, '/tunnel/device', {})
    expect(refusalOf(limited)).toEqual([429, 'pairing_limited'])
    expect(limited.headers['retry-after']).toBe('600')
  })
})

describe('POST /tunnel/token', () => {
  test('answers a device code by how far its pairing is, and gives the tokens once', async () => {
    const site = await openRelaySite()
    const { device_code, user_code } = await startPairing(site, { label: 'attic' })
    expect(refusalOf(await redeem(site, device_code))).toEqual([400, 'authorization_pending'])
    expect(refusalOf(await redeem(site, device_code))).toEqual([400, 'slow_down'])
    site.clock.advance(10_000)
    expect(refusalOf(await redeem(site, device_code))).toEqual([400, 'authorization_pending'])
    const tunnel = await approve(site, user_code)
    site.clock.advance(10_000)
    const answer = await redeem(site, device_code)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' })
    expect(JSON.parse(answer.text)).toEqual({
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_in: 900,
      refresh_token: expect.stringMatching(/^pr_/),
      tunnel_id: tunnel.id,
      label: 'attic',
    })
    expect(refusalOf(await redeem(site, device_code))).toEqual([400, 'invalid_grant'])
  })

  test('says that a pairing was refused, or is too old', async () => {
    const site = await openRelaySite()
    const [refused, late] = [await startPairing(site), await startPairing(site)]
    await site.pairings.deny(LOCAL, refused.user_code)
    expect(refusalOf(await redeem(site, refused.device_code))).toEqual([400, 'access_denied'])
    site.clock.advance(600_000)
    expect(refusalOf(await redeem(site, late.device_code))).toEqual([400, 'expired_token'])
  })

  test('takes a token that was printed for a tunnel as a device code, and puts on record from where it came', async () => {
    const site = await openRelaySite()
    const { token, tunnel } = await site.tunnels.create(LOCAL, 'cellar')
    const body = JSON.parse((await redeem(site, token.reveal())).text)
    expect(body).toMatchObject({ tunnel_id: tunnel.id, label: 'cellar', refresh_token: expect.stringMatching(/^pr_/) })
    expect(site.entries.at(-1)).toMatchObject({ action: 'tunnel.pair', actor_kind: 'nobody', address: HERE })
  })

  test('gives a new access token for a refresh token, until the tunnel is revoked', async () => {
    const site = await openRelaySite()
    const { token, tunnel } = await site.tunnels.create(LOCAL, 'cellar')
    const first = JSON.parse((await redeem(site, token.reveal())).text) as { refresh_token: string }
    site.clock.advance(60_000)
    expect(JSON.parse((await refresh(site, first.refresh_token)).text)).toEqual({
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_in: 900,
      tunnel_id: tunnel.id,
      label: 'cellar',
    })
    await site.tunnels.revoke(LOCAL, 'cellar')
    expect(refusalOf(await refresh(site, first.refresh_token))).toEqual([400, 'invalid_grant'])
  })

  test.each<[string, Record<string, string>, string]>([
    ['no grant type', { device_code: 'x' }, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no device code', { grant_type: DEVICE_GRANT }, 'invalid_request'],
    ['an empty device code', { grant_type: DEVICE_GRANT, device_code: '' }, 'invalid_request'],
    ['no refresh token', { grant_type: 'refresh_token', device_code: 'x' }, 'invalid_request'],
    ['an unknown device code', { grant_type: DEVICE_GRANT, device_code: 'x' }, 'invalid_grant'],
    ['an unknown refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
    ['another client', { grant_type: DEVICE_GRANT, device_code: 'x', client_id: 'curl' }, 'invalid_client'],
    ['no client', { grant_type: DEVICE_GRANT, device_code: 'x', client_id: '' }, 'invalid_request'],
  ])('refuses %s', async (_, fields, error) => {
    expect(refusalOf(await post(await openRelaySite(), '/tunnel/token', fields))).toEqual([400, error])
  })

  test('takes so many wrong ones of one address in 10 minutes; to ask while nobody has confirmed is not wrong', async () => {
    const site = await openRelaySite({ limits: { wrongTokens: 3 } })
    const { device_code } = await startPairing(site)
    for (let i = 0; i < 5; i++) {
      expect(refusalOf(await redeem(site, device_code))).toEqual([400, i === 0 ? 'authorization_pending' : 'slow_down'])
    }
    for (let i = 0; i < 3; i++) expect(refusalOf(await redeem(site, 'pd_wrong'))).toEqual([400, 'invalid_grant'])
    const limited = await redeem(site, device_code)
    expect(refusalOf(limited)).toEqual([429, 'pairing_limited'])
    expect(limited.headers['retry-after']).toBe('600')
    expect(refusalOf(await redeem(site, device_code, { [ADDRESS_HEADER]: '192.0.2.2' }))[1]).toBe('slow_down')
    site.clock.advance(600_000)
    expect(refusalOf(await redeem(site, device_code))).toEqual([400, 'expired_token'])
  })

  test('counts wrong ones that come at the same time', async () => {
    const site = await openRelaySite({ limits: { wrongTokens: 3 } })
    const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(site, 'pd_wrong')))
    expect(answers.map(({ status }) => status).sort()).toEqual([400, 400, 400, 429, 429, 429, 429, 429])
  })
})

describe.each(['/tunnel/device', '/tunnel/token'])('%s', (path) => {
  test.each<[string, Record<string, string>]>([
    ['no content type', {}],
    ['JSON', { 'content-type': 'application/json' }],
    ['a form in parts', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['a longer type', { 'content-type': 'application/x-www-form-urlencoded-not' }],
    ['another character set', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-7' }],
    ['an unknown parameter of the type', { 'content-type': 'application/x-www-form-urlencoded; x=y' }],
    ['an unknown content encoding', { ...FORM_TYPE, 'content-encoding': 'compress' }],
  ])('refuses %s', async (_, headers) => {
    const { ask } = await openRelaySite()
    const body = formOf({ client_id: 'punku-agent' })
    expect(refusalOf(await ask(path, { method: 'POST', headers, body }))).toEqual([415, 'unsupported_encoding'])
  })

  test.each([
    'client_id=punku-agent&grant_type=none&x=1&x=2',
    'client_id=punku-agent&grant_type=none&client_id=punku-agent',
    'client_id=punku-agent&grant_type=none&x=%zz',
    Buffer.from('client_id=punku-agent&grant_type=none&x=\xff', 'latin1'),
    'grant_type=none',
    '',
  ])('refuses the form %s', async (body) => {
    const { ask } = await openRelaySite()
    expect(refusalOf(await ask(path, { method: 'POST', headers: FORM_TYPE, body }))).toEqual([400, 'invalid_request'])
  })

  test('refuses a form of one byte too many, whether or not its length was said', async () => {
    const site = await openRelaySite()
    const start = 'client_id=punku-agent&grant_type=none&x='
    const statusOf = async (length: number, headers = {}) => {
      const body = start.padEnd(length, 'x')
      return (await site.ask(path, { method: 'POST', headers: { ...FORM_TYPE, ...headers }, body })).status
    }
    const whole = path === '/tunnel/device' ? 200 : 400
    expect(await statusOf(8_192)).toBe(whole)
    expect(await statusOf(8_193)).toBe(413)
    expect(await chunked(site, path, start.padEnd(8_192, 'x'))).toContain(`HTTP/1.1 ${whole} `)
    expect(await chunked(site, path, start.padEnd(8_193, 'x'))).toContain('HTTP/1.1 413 ')
  })

  test('refuses a query: no token gets into a log that way', async () => {
    const site = await openRelaySite()
    const query = formOf({ grant_type: 'refresh_token', refresh_token: 'pr_x' })
    expect(refusalOf(await post(site, `${path}?${query}`, {}))).toEqual([400, 'invalid_request'])
  })

  test('refuses a second header that says how to read the body', async () => {
    const site = await openRelaySite()
    const answer = await raw(
      site,
      `POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/x-www-form-urlencoded\r\n` +
        'content-type: text/plain\r\ncontent-length: 21\r\nconnection: close\r\n\r\nclient_id=punku-agent',
    )
    expect(answer).toContain('HTTP/1.1 400 ')
    expect(answer).toContain('"error":"invalid_request"')
  })

  test('does not wait for a form for ever', async () => {
    const site = await openRelaySite()
    const head =
      `POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/x-www-form-urlencoded\r\n` +
      'content-length: 21\r\n\r\nclient_id='
    const answer = raw(site, head)
    while (site.clock.pendingTimers === 0) await new Promise(setImmediate)
    site.clock.advance(10_000)
    expect(await answer).toMatch(/^HTTP\/1\.1 408 .*"error":"request_timeout"/s)
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('ignores parameters it does not know, and a character set that is the usual one', async () => {
    const { ask } = await openRelaySite()
    const headers = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' }
    const body = formOf({ client_id: 'punku-agent', grant_type: 'none', scope: 'x', resource: 'y' })
    const { text, status } = await ask(path, { method: 'POST', headers, body })
    expect([status, JSON.parse(text).error]).toEqual(
      path === '/tunnel/device' ? [200, undefined] : [400, 'unsupported_grant_type'],
    )
  })

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const { ask } = await openRelaySite()
    const answer = await ask(path, { method })
    expect(refusalOf(answer)).toEqual([405, 'method_not_allowed'])
    expect(answer.headers['allow']).toBe('POST')
  })

  test.each(['http://evil.example', 'null', 'http://127.0.0.1:1'])('refuses a page of %s', async (origin) => {
    const site = await openRelaySite()
    expect(refusalOf(await post(site, path, {}, { origin }))).toEqual([403, 'origin_not_allowed'])
  })

  test('says nothing of what failed inside, and logs it', async () => {
    const site = await openRelaySite()
    await site.database.db.schema.dropTable('pairings').execute()
    const fields = { grant_type: DEVICE_GRANT, device_code: `pd_${'a'.repeat(10)}_${'b'.repeat(52)}` }
    const answer = await post(site, path, fields)
    expect(refusalOf(answer)).toEqual([500, 'internal'])
    expect(answer.text).not.toContain('pairings')
    expect(site.logLines.join()).toContain('no such table: pairings')
    expect(site.logLines.join()).not.toContain('bbbb')
  })
})

test('any other path is none', async () => {
  const { ask } = await openRelaySite()
  for (const path of ['/', '/tunnel', '/tunnel/device/', '/tunnel/other', '/connect/']) {
    expect(refusalOf(await ask(path))).toEqual([404, 'route_not_found'])
  }
})

/** All that is answered to these bytes, until the connection ends. */
function raw({ port }: RelaySite, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

function chunked(site: RelaySite, path: string, body: string): Promise<string> {
  return raw(
    site,
    `POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/x-www-form-urlencoded\r\n` +
      `transfer-encoding: chunked\r\nconnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  )
}
