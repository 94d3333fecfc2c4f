import { describe, expect, test } from 'vitest'
import { HeaderView, refuseUnsafeHeaders, requestHeadersFor, responseHeadersFor } from './headers.ts'

describe('HeaderView', () => {
  const view = new HeaderView(['Host', 'h', 'X-A', '1', 'accept', '*/*', 'x-a', '2', 'X-a', ''])

  test('finds headers in any letter case, the first one first', () => {
    expect(view.get('host')).toBe('h')
    expect(view.get('x-a')).toBe('1')
    expect(view.get('x-b')).toBeUndefined()
    expect(view.all('x-a')).toEqual(['1', '2', ''])
    expect(view.all('x-b')).toEqual([])
    expect([view.count('x-a'), view.count('host'), view.count('x-b')]).toEqual([3, 1, 0])
  })
})

describe('refuseUnsafeHeaders', () => {
  const refuse = (...raw: string[]) => refuseUnsafeHeaders(new HeaderView(raw))

  test.each([
    ...['x_api_key', 'X_API-Key', 'api_key', 'x_goog_api_key', 'proxy_authorization', 'Content_Length'],
    ...['transfer_encoding', 'content_type', 'X_Forwarded_For', 'x-forwarded_host', 'x_real_ip', 'sec_fetch_dest'],
    ...['x_punku_origin', 'access_control_request_method'],
  ])('refuses the underscore in %s', (name) => {
    expect(() => refuse('Host', 'h', name, '1')).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringContaining(`'${name.toLowerCase()}' has an underscore`),
      }),
    )
  })

  test.each(['session_id', 'conversation_id', 'X_Request_Id', 'x_session_id', 'x-stainless_os', 'user_agent', '_'])(
    'takes no notice of %s, and does not send it on',
    (name) => {
      expect(() => refuse('Host', 'h', name, '1')).not.toThrow()
      expect(requestHeadersFor(new HeaderView([name, '1']))).toEqual(['accept-encoding', 'identity'])
    },
  )

  test.each(['host', 'content-length', 'content-encoding', 'transfer-encoding'])(
    'refuses a second %s, even the same again',
    (name) => {
      expect(() => refuse(name, '1', 'accept', '*/*', name.toUpperCase(), '1')).toThrow(
        expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(`'${name}'`) }),
      )
    },
  )

  test('takes the same content-type again, and sends it on once', () => {
    const twice = ['content-type', 'application/json', 'Content-Type', 'application/json']
    expect(() => refuse(...twice)).not.toThrow()
    expect(requestHeadersFor(new HeaderView(twice))).toEqual([
      ...['accept-encoding', 'identity', 'content-type', 'application/json'],
    ])
    for (const other of ['text/plain', 'application/JSON', '']) {
      expect(() => refuse(...twice, 'content-type', other)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      )
    }
  })

  test('takes what clients send', () => {
    expect(() => refuse('Host', 'h', 'accept', 'a', 'accept', 'b', 'x-stainless-os', 'a_b')).not.toThrow()
  })
})

describe('requestHeadersFor', () => {
  test('passes on the listed headers in lower case and asks for plain bytes', () => {
    const headers = new HeaderView([
      ...['Host', 'gw', 'Accept', 'application/json', 'Content-Type', 'application/json', 'User-Agent', 'x/1'],
      ...['Anthropic-Beta', 'a', 'anthropic-beta', 'b', 'X-Stainless-OS', 'Linux', 'X-Session-Id', 's'],
    ])
    expect(requestHeadersFor(headers)).toEqual([
      ...['accept-encoding', 'identity', 'accept', 'application/json', 'content-type', 'application/json'],
      ...['user-agent', 'x/1', 'anthropic-beta', 'a', 'anthropic-beta', 'b', 'x-stainless-os', 'Linux'],
      ...['x-session-id', 's'],
    ])
  })

  test.each([
    ...['Host', 'Origin', 'Referer', 'Cookie', 'Authorization', 'X-Api-Key', 'Proxy-Authorization', 'Forwarded'],
    ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'Via', 'Connection', 'Keep-Alive', 'TE', 'Trailer'],
    ...['Transfer-Encoding', 'Upgrade', 'Content-Length', 'Content-Encoding', 'Accept-Encoding', 'Expect', 'Api-Key'],
    ...['X-Goog-Api-Key', 'x-stainless-a_b', 'x_session_id', 'content_type'],
    ...['OpenAI-Organization', 'X-Request-Id', 'X-Punku-Upstream', 'Sec-Fetch-Site', 'X-Stainless', 'X-Unheard-Of'],
  ])('keeps %s here', (name) => {
    expect(requestHeadersFor(new HeaderView([name, 'secret']))).toEqual(['accept-encoding', 'identity'])
  })

  test('leaves out a value with bytes outside ASCII', () => {
    expect(requestHeadersFor(new HeaderView(['user-agent', 'caf\u00e9', 'accept', 'a\x7f']))).toHaveLength(2)
  })
})

describe('responseHeadersFor', () => {
  test('passes on the listed headers', () => {
    expect(
      responseHeadersFor(200, {
        'content-type': 'text/event-stream',
        server: 'uvicorn',
        'retry-after': '3',
        'x-should-retry': 'false',
        'anthropic-ratelimit-requests-limit': '50',
        'x-ratelimit-remaining-tokens': ['1', '2'],
        'openai-processing-ms': '7',
      }),
    ).toEqual([
      ...['content-type', 'text/event-stream', 'retry-after', '3', 'x-should-retry', 'false'],
      ...['anthropic-ratelimit-requests-limit', '50', 'x-ratelimit-remaining-tokens', '1'],
      ...['x-ratelimit-remaining-tokens', '2', 'openai-processing-ms', '7'],
    ])
  })

  test.each([
    ...['set-cookie', 'location', 'server', 'date', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade'],
    ...['content-length', 'access-control-allow-origin', 'www-authenticate', 'x-request-id', 'request-id', 'alt-svc'],
    ...['openai-organization', 'anthropic-organization-id', 'strict-transport-security', 'x-unheard-of'],
  ])('keeps %s here', (name) => {
    expect(responseHeadersFor(200, { [name]: 'x' })).toEqual(['content-type', 'application/octet-stream'])
  })

  test('leaves out values that Node would throw on', () => {
    expect(
      responseHeadersFor(404, { 'content-type': 'a\u0001', 'retry-after': '\u4e00', 'cache-control': undefined }),
    ).toEqual(['content-type', 'text/plain; charset=utf-8'])
  })
})
