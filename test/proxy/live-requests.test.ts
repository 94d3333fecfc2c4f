import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { RawConnection } from '../support/raw.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post, requestText } from './client.ts'
import { settled, until } from './turns.ts'

const BODY = { model: 'tiny', messages: [], stream: true }

test('what runs is told as far as it has come, and no longer than it runs', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const live = () => gateway.parts.gateway.live()
  const key = await gateway.key({ name: 'alice' })
  expect(live()).toEqual([])

  const text = requestText({ url: gateway.url, key, path: '/api/chat', body: BODY })
  const arriving = await RawConnection.open(gateway.port)
  await arriving.send(text.slice(0, -5))
  await until(() => live()[0]?.key !== undefined)
  expect(live()).toEqual([
    {
      id: expect.stringMatching(/^req_/),
      at: expect.any(Number),
      key: expect.objectContaining({ id: key.split('_')[1], name: 'alice', orgId: 'default', personId: undefined }),
      upstream: undefined,
      dialect: 'ollama',
      route: 'POST /api/chat',
      model: undefined,
      isStreamed: false,
      phase: 'arriving',
      sentMs: undefined,
      ttfbMs: undefined,
      ageMs: expect.any(Number),
      responseBytes: 0,
    },
  ])

  upstream.behave([hold, frames(1), hold, rest])
  await arriving.send(text.slice(-5))
  const request = await upstream.nextRequest('/api/chat')
  const waiting = { phase: 'waiting', model: 'tiny', isStreamed: true, upstream: gateway.upstreamId(upstream.origin) }
  expect(live()).toMatchObject([{ ...waiting, sentMs: expect.any(Number), ttfbMs: undefined, responseBytes: 0 }])

  request.release()
  await until(() => (live()[0]?.responseBytes ?? 0) > 0)
  expect(live()).toMatchObject([
    { ...waiting, phase: 'answering', model: expect.any(String), ttfbMs: expect.any(Number) },
  ])

  const refused = await post({ url: gateway.url, path: '/api/chat', body: BODY })
  expect(refused.status).toBe(401)
  await refused.text()
  await until(() => live().length === 1)
  request.release()
  await settled(gateway)
  expect(live()).toEqual([])
  const row = (await gateway.rows()).find(({ status }) => status === 200)
  expect(row?.sent_ms).toBeGreaterThanOrEqual(0)
  expect(row?.ttfb_ms).toBeGreaterThanOrEqual(row?.sent_ms ?? 0)
  arriving.socket.destroy()
})
