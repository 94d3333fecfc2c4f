import { describe, expect, test } from 'vitest'
import { ControlClient, controlPath } from './client.ts'
import { ControlError } from './control-error.ts'

interface Sent {
  readonly target: string
  readonly body: unknown
}

/** A client whose requests get these answers one after the other, the last one again and again, and what it sent. */
function clientOf(...answers: (() => Response)[]): { client: ControlClient; sent: Sent[] } {
  const sent: Sent[] = []
  const client = new ControlClient(async (path, { method, body }) => {
    sent.push({ target: `${method} ${path}`, body: body === undefined ? undefined : JSON.parse(String(body)) })
    return (answers[sent.length - 1] ?? answers.at(-1))?.() ?? Response.error()
  })
  return { client, sent }
}

describe('ControlClient', () => {
  test.each<[call: (client: ControlClient) => Promise<unknown>, target: string, body: unknown]>([
    [(client) => client.call('listKeys'), 'GET /keys', undefined],
    [(client) => client.call('createKey', { body: { name: 'a' } }), 'POST /keys', { name: 'a' }],
    [(client) => client.call('showKey', { params: { key: 'a b/c?d' } }), 'GET /keys/a%20b%2Fc%3Fd', undefined],
    [
      (client) => client.call('rotateKey', { params: { key: 'a/b' }, body: { graceMs: 5 } }),
      'POST /keys/a%2Fb/rotate',
      { graceMs: 5 },
    ],
    [(client) => client.call('revokeKey', { params: { key: 'a/b' } }), 'DELETE /keys/a%2Fb', undefined],
    [
      (client) => client.call('renameTunnel', { params: { tunnel: 'a/b' }, body: { label: 'c' } }),
      'PATCH /tunnels/a%2Fb',
      { label: 'c' },
    ],
    [(client) => client.call('rotateTunnel', { params: { tunnel: 'a/b' } }), 'POST /tunnels/a%2Fb/rotate', undefined],
    [
      (client) => client.call('listRequests', { query: { after: 0, key: 'a&b', outcome: 'error' } }),
      'GET /requests?after=0&key=a%26b&outcome=error',
      undefined,
    ],
    [(client) => client.call('usage', { query: { by: 'day' } }), 'GET /usage?by=day', undefined],
  ])('an operation becomes a request (%#): %s', async (call, target, body) => {
    const { client, sent } = clientOf(() => Response.json({}))
    await call(client)
    expect(sent).toEqual([{ target: target.replace(' ', ' /control/v1'), body }])
  })

  test('JSON comes as its value, another file as its text, and nothing as undefined', async () => {
    const { client } = clientOf(
      () => Response.json({ keys: [], next: null }),
      () => new Response('day,name\r\n', { headers: { 'content-type': 'text/csv; charset=utf-8' } }),
      () => new Response(null, { status: 204 }),
    )
    expect(await client.call('listKeys')).toEqual({ keys: [], next: null })
    expect(await client.call('exportUsage')).toBe('day,name\r\n')
    expect(await client.call('status')).toBeUndefined()
  })

  test('a long text comes in its pieces', async () => {
    const pieces = ['{"seq":1}\n', '{"seq":2}\n'].map((text) => Buffer.from(text))
    const { client } = clientOf(() => new Response(ReadableStream.from(pieces)))
    const read: string[] = []
    for await (const piece of await client.read('exportRequests')) read.push(Buffer.from(piece).toString())
    expect(read).toEqual(['{"seq":1}\n', '{"seq":2}\n'])
  })

  test('a list is read page by page, until there is no next one', async () => {
    const { client, sent } = clientOf(
      () => Response.json({ keys: [], next: 'a/b' }),
      () => Response.json({ keys: [], next: null }),
    )
    const pages: unknown[] = []
    for await (const page of client.pages('listKeys', { query: { limit: 2 } })) pages.push(page)
    expect(pages).toHaveLength(2)
    expect(sent.map(({ target }) => target)).toEqual([
      'GET /control/v1/keys?limit=2',
      'GET /control/v1/keys?limit=2&cursor=a%2Fb',
    ])
  })

  test('a list that would never end is given up', async () => {
    const again = () => Response.json({ keys: [], next: 'a' })
    const { client, sent } = clientOf(again, again, again)
    const read = async () => {
      for await (const page of client.pages('listKeys', {})) expect(page.next).toBe('a')
    }
    await expect(read()).rejects.toMatchObject({ code: 'internal' })
    expect(sent).toHaveLength(2)
  })

  test('what is refused is thrown with its code, status and advice', async () => {
    const refusal = { type: 'about:blank', title: '', status: 404, code: 'key_not_found', detail: 'None.' }
    const headers = { 'content-type': 'application/problem+json' }
    const { client } = clientOf(() => new Response(JSON.stringify(refusal), { status: 404, headers }))
    const calls = [
      () => client.call('showKey', { params: { key: 'a' } }),
      () => client.read('exportRequests'),
      () => client.pages('listKeys', {}).next(),
    ]
    for (const call of calls) {
      const thrown = await call().catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(ControlError)
      expect(thrown).toMatchObject({ code: 'key_not_found', status: 404, message: 'None.' })
    }
  })

  test('the field at fault and the time to wait are told where the API says them', async () => {
    const refusal = {
      type: 'about:blank',
      title: '',
      status: 429,
      code: 'sign_in_limited',
      detail: 'Wait.',
      param: 'a',
    }
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '7' }
    const { client } = clientOf(() => new Response(JSON.stringify(refusal), { status: 429, headers }))
    const thrown = await client.call('listKeys').catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'sign_in_limited', param: 'a', retryAfterS: 7 })
  })

  test('how a call is sent is handed on, and is no part of what is sent', async () => {
    const inits: RequestInit[] = []
    const client = new ControlClient(async (_path, init) => {
      inits.push(init)
      return Response.json({})
    })
    const { signal } = new AbortController()
    await client.call('revokeKey', { params: { key: 'a' }, signal, keepalive: true })
    expect(inits).toEqual([{ method: 'DELETE', signal, keepalive: true }])
  })

  test('what some proxy answers in the place of the API is told as that', async () => {
    const { client } = clientOf(() => new Response('<html>Bad gateway</html>', { status: 502 }))
    const thrown = await client.call('listKeys').catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'internal', status: 502, message: expect.stringContaining('502') })
  })
})

test('a link to a file has its operation and what it is asked for', () => {
  expect(controlPath('exportUsage', { by: 'day', key: undefined })).toBe('/control/v1/usage.csv?by=day')
})
