import { describe, expect, test } from 'vitest'
import { ControlClient, ControlError } from './client.ts'

interface Sent {
  readonly target: string
  readonly body: unknown
}

/** A client whose every request gets one answer, and what it sent. */
function clientOf(status: number, answer: unknown): { client: ControlClient; sent: Sent[] } {
  const sent: Sent[] = []
  const client = new ControlClient(async (path, { method, body }) => {
    sent.push({ target: `${method} ${path}`, body: body === undefined ? undefined : JSON.parse(String(body)) })
    return Response.json(answer, { status })
  })
  return { client, sent }
}

describe('ControlClient', () => {
  test.each<[name: string, call: (client: ControlClient) => Promise<unknown>, target: string, body: unknown]>([
    ['listKeys', (client) => client.listKeys(), 'GET /keys', undefined],
    ['createKey', (client) => client.createKey({ name: 'a' }), 'POST /keys', { name: 'a' }],
    ['showKey', (client) => client.showKey('a b/c?d'), 'GET /keys/a%20b%2Fc%3Fd', undefined],
    ['rotateKey', (client) => client.rotateKey('a/b', 5), 'POST /keys/a%2Fb/rotate', { graceMs: 5 }],
    ['revokeKey', (client) => client.revokeKey('a/b'), 'DELETE /keys/a%2Fb', undefined],
    ['listTunnels', (client) => client.listTunnels(), 'GET /tunnels', undefined],
    ['createTunnel', (client) => client.createTunnel('studio'), 'POST /tunnels', { label: 'studio' }],
    ['showTunnel', (client) => client.showTunnel('a/b'), 'GET /tunnels/a%2Fb', undefined],
    ['renameTunnel', (client) => client.renameTunnel('a/b', 'c'), 'PATCH /tunnels/a%2Fb', { label: 'c' }],
    ['rotateTunnel', (client) => client.rotateTunnel('a/b'), 'POST /tunnels/a%2Fb/rotate', undefined],
    ['revokeTunnel', (client) => client.revokeTunnel('a/b'), 'DELETE /tunnels/a%2Fb', undefined],
    ['showPairing', (client) => client.showPairing('9KV/DU6'), 'GET /pairings/9KV%2FDU6', undefined],
    ['approvePairing', (client) => client.approvePairing('9KV/DU6'), 'POST /pairings/9KV%2FDU6/approve', {}],
    [
      'approvePairing',
      (client) => client.approvePairing('9KV-DU6', 'attic'),
      'POST /pairings/9KV-DU6/approve',
      { label: 'attic' },
    ],
    ['denyPairing', (client) => client.denyPairing('9KV/DU6'), 'POST /pairings/9KV%2FDU6/deny', undefined],
    ['listRequests', (client) => client.listRequests({}), 'GET /requests', undefined],
    [
      'listRequests',
      (client) => client.listRequests({ after: 0, key: 'a&b' }),
      'GET /requests?after=0&key=a%26b',
      undefined,
    ],
    ['usage', (client) => client.usage('day'), 'GET /usage?by=day', undefined],
    ['listModels', (client) => client.listModels(), 'GET /models', undefined],
    ['status', (client) => client.status(), 'GET /status', undefined],
  ])('%s', async (_name, call, target, body) => {
    const { client, sent } = clientOf(200, {})
    await call(client)
    expect(sent).toEqual([{ target: target.replace(' ', ' /control/v1'), body }])
  })

  test('what is refused is thrown with its code, status and advice', async () => {
    const { client } = clientOf(404, {
      type: 'about:blank',
      title: '',
      status: 404,
      code: 'key_not_found',
      detail: 'None.',
    })
    const thrown = await client.showKey('a').catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ControlError)
    expect(thrown).toMatchObject({ code: 'key_not_found', status: 404, message: 'None.' })
  })
})
