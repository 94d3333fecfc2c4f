import { expect, test } from 'vitest'
import { STREAM_CASES } from '../proxy/stream-cases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { RawConnection } from '../support/raw.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

/** What Apache's HttpClient 5 adds to every request by default, and the offer of HTTP/2 that others make beside it. */
const APACHE = [
  'Accept-Encoding: gzip, x-gzip, deflate',
  'Connection: Upgrade, HTTP2-Settings, keep-alive',
  'Upgrade: TLS/1.2',
  'HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA',
  'User-Agent: Apache-HttpClient/5.5 (Java/21.0.7)',
]

const CASES = STREAM_CASES.filter(({ server }) => server === 'ollama')

test("a client like Apache's HttpClient is answered whatever it offers, again and again on one connection", async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const key = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  using connection = await RawConnection.open(gateway.port)
  for (const { path, body, terminator } of CASES) {
    const text = JSON.stringify(body)
    const lines = [
      `POST ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${gateway.port}`,
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json; charset=UTF-8',
      'Transfer-Encoding: chunked',
      ...APACHE,
    ]
    const chunk = `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`
    const before = connection.text.length
    await connection.send(`${lines.join('\r\n')}\r\n\r\n${chunk}`)
    const answer = (await connection.until((all) => all.slice(before).endsWith('\r\n0\r\n\r\n'))).slice(before)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/\r\nconnection: keep-alive\r\n/)
    expect(answer).toContain(terminator)
    const { rawHeaders } = await upstream.nextRequest(path)
    expect(rawHeaders.map((name) => name.toLowerCase())).not.toContain('upgrade')
  }
  const rows = await gateway.rows()
  expect(rows).toHaveLength(CASES.length)
  for (const row of rows)
    expect(row).toMatchObject({ status: 200, client_name: 'apache-httpclient', client_version: '5.5' })
})
