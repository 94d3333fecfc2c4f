import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Lease } from '../../src/gateway/admission/lease.ts'
import { Exchange } from '../../src/gateway/pipeline/exchange.ts'
import { Delivery } from '../../src/gateway/reply/delivery.ts'
import { Guard } from '../../src/gateway/reply/guard.ts'
import { Observation } from '../../src/gateway/reply/observation.ts'
import { Reply } from '../../src/gateway/reply/reply.ts'
import { HttpExchange } from '../../src/http-client/http-exchange.ts'
import { ServerReply } from '../../src/http-server/server-reply.ts'
import { ServerRequest } from '../../src/http-server/server-request.ts'
import { ManualClock } from '../support/clock.ts'
import { RawConnection } from '../support/raw.ts'
import {
  chunksOf,
  cut,
  errorFrame,
  fail,
  flood,
  frames,
  head,
  hold,
  raw,
  reset,
  rest,
} from '../support/scripted/steps.ts'
import { untilStill } from '../support/stillness.ts'
import { heldHeapBytes, heldObjects, heldObjectsOfAny, heldObjectsOfEach } from './heap.ts'
import { CHAT, openSite, type Site, until } from './site.ts'
import { chunked, readAnswers, send } from './wire.ts'

const { line, body } = CHAT
const LENGTH = `Content-Length: ${body.length}`
const STREAM = '{"model":"tiny","messages":[]}'

/** Where the system lists this process's open files; elsewhere they are not counted. */
const OPEN_FILES = '/proc/self/fd'
const openFiles = () => (existsSync(OPEN_FILES) ? readdirSync(OPEN_FILES).length : 0)

/** Nothing may hold on to any of these once its exchange is over: a watch, a queue, a listener. */
const HELD = { Exchange, Guard, Reply, Delivery, Observation, Lease, ServerRequest, ServerReply, HttpExchange }
const each = (count: number) => Object.fromEntries(Object.keys(HELD).map((name) => [name, count]))

/** One request each, of every kind that ends in its own way. `site` has a script for the upstream where one is needed. */
const KINDS: readonly ((site: Site) => Promise<unknown>)[] = [
  (site) => send(site.port, site.request(line, body)),
  (site) => send(site.port, site.request('POST /v1/chat/completions HTTP/1.1', STREAM.replace('}', ',"stream":true}'))),
  (site) => send(site.port, site.request(line, STREAM)),
  (site) => send(site.port, site.request('GET /v1/models HTTP/1.1')),
  (site) => send(site.port, site.request(line, '{"model":')),
  (site) => send(site.port, site.request(line, '{"model":"missing","messages":[]}')),
  (site) => send(site.port, site.request(line, body).toString().replace(site.key, 'pk_wrong')),
  (site) => send(site.port, site.request('GET /nowhere HTTP/1.1')),
  (site) => send(site.port, `${site.head(line, 'Transfer-Encoding: chunked')}zz\r\n`),
  (site) => send(site.port, site.head(line, 'Transfer-Encoding: chunked', 'Connection: close') + chunked(body)),
  (site) => send(site.port, '\x16\x03\x01'),
  // Answered before its body was whole.
  async (site) => {
    using connection = await RawConnection.open(site.port)
    await connection.send(`${site.head('POST /nowhere HTTP/1.1', 'Content-Length: 1000')}half`)
    await connection.until((text) => readAnswers(text).length === 1)
  },
  // Gone before its body was whole.
  async (site) => {
    using connection = await RawConnection.open(site.port)
    await connection.send(site.head(line, LENGTH) + body.slice(0, 9))
    connection.reset()
  },
  // Gone before the answer, in the middle of it, and with more sent ahead.
  async (site) => {
    site.upstream.behave([hold])
    using connection = await RawConnection.open(site.port)
    await connection.send(site.head(line, LENGTH) + body)
    await site.upstream.nextRequest()
    connection.reset()
  },
  async (site) => {
    site.upstream.behave([frames(2), hold])
    using connection = await RawConnection.open(site.port)
    await connection.send(site.head(line, `Content-Length: ${STREAM.length}`) + STREAM)
    await connection.until((text) => text.includes('scripted') || text.includes('from'))
  },
  async (site) => {
    using connection = await RawConnection.open(site.port)
    await connection.send((site.head(line, LENGTH) + body).repeat(5))
    await connection.until((text) => text.length > 0)
    connection.reset()
  },
]

/** What the upstream does to a streamed request that the client waits for. */
const MISHAPS = [
  [frames(2), cut],
  [frames(2), reset],
  [head, cut],
  [cut],
  [reset],
  [fail(500)],
  [fail(503)],
  [frames(1), errorFrame('no'), cut],
  [raw('garbage\r\n\r\n')],
  [chunksOf(1), rest],
] as const

// Each looks through the whole heap, which takes seconds.
describe('what exchanges held is given back', () => {
  test('after 500 good, bad, cut and cancelled ones', async () => {
    const clock = new ManualClock()
    await using site = await openSite({ clock })
    const openBefore = openFiles()
    let done = 0
    while (done < 500) {
      for (const kind of KINDS) await kind(site)
      for (const steps of MISHAPS) {
        site.upstream.behave(steps)
        await send(site.port, site.request(line, STREAM))
      }
      done += KINDS.length + MISHAPS.length
    }
    const { gateway, keyed, upstreams } = site.gateway.parts
    await until(() => gateway.liveExchanges === 0)
    expect(keyed.size).toBe(0)
    expect(upstreams.all().map(({ id }) => upstreams.leasesOf(id))).toEqual([0])
    // Idle connections and lingering clients have their time; then nothing is left.
    clock.advance(20_000)
    await until(() => site.upstream.connections.every(({ isClosed }) => isClosed))
    await until(() => openFiles() <= openBefore + 2)
    await site.gateway.rows()
    expect(heldObjectsOfAny(Object.values(HELD))).toBe(0)
    await site.expectWell()
  })

  test('a refused body that becomes whole is watched no longer', async () => {
    await using site = await openSite({ clock: new ManualClock() })
    using connection = await RawConnection.open(site.port)
    await connection.send(`${site.head('POST /nowhere HTTP/1.1', 'Content-Length: 8')}half`)
    await connection.until((text) => readAnswers(text).length === 1)
    await until(() => site.gateway.parts.gateway.liveExchanges === 0)
    expect(heldObjects(HELD.ServerRequest)).toBe(1)
    // The next request on the connection comes after it, and is answered.
    await connection.send(`half${site.head('GET /healthz HTTP/1.1')}`)
    await connection.until((text) => readAnswers(text).length === 2)
    await until(() => site.gateway.parts.gateway.liveExchanges === 0)
    expect(heldObjects(HELD.ServerRequest)).toBe(0)
  })

  test('while they run they are held: the counts above can fail', async () => {
    await using site = await openSite()
    site.upstream.behave([frames(1), hold, rest])
    using connection = await RawConnection.open(site.port)
    await connection.send(site.head(line, `Content-Length: ${STREAM.length}`) + STREAM)
    const request = await site.upstream.nextRequest()
    await connection.until((text) => text.includes('Hello'))
    expect(heldObjectsOfEach(Object.values(HELD))).toEqual(each(1))
    expect(heldObjectsOfAny(Object.values(HELD))).toBe(Object.keys(HELD).length)
    request.release()
    await until(() => site.gateway.parts.gateway.liveExchanges === 0)
    await site.expectWell()
  })
})

describe('one client does not make others pay', () => {
  test('a slow reader holds back its own stream, in bounded memory, and no other', async () => {
    await using site = await openSite()
    site.upstream.behave([flood(16_384)])
    using slow = await RawConnection.open(site.port)
    await slow.send(site.head(line, `Content-Length: ${STREAM.length}`) + STREAM)
    const flooded = await site.upstream.nextRequest()
    slow.setReading(false)
    // It stands still once the socket buffers on the way are full.
    const sent = await untilStill(() => flooded.sentBytes)
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(32 * 1_024 * 1_024)

    for (let i = 0; i < 5; i++) {
      const [answer] = await send(site.port, site.request(line, STREAM))
      expect(answer?.body).toContain('"done":true')
    }
    expect(flooded.sentBytes).toBe(sent)
    slow.setReading(true)
    await until(() => flooded.sentBytes > sent + 1_000_000)
    slow.reset()
    expect((await flooded.ended).how).toBe('abandoned')
    await site.expectWell()
  })

  test('a flood of strangers leaves few rows, no log and no memory', async () => {
    await using site = await openSite({ clock: new ManualClock() })
    const strangers = async (count: number) => {
      using connection = await RawConnection.open(site.port)
      for (let sent = 0; sent < count; sent += 10) {
        const answered = connection.received.length
        const requests = Array.from({ length: 10 }, (_, i) => {
          const path = i % 2 === 0 ? '/api/chat' : `/${sent + i}/${Math.random()}`
          return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: pk_${sent + i}\r\nUser-Agent: stranger-${sent + i}/1\r\n${LENGTH}\r\n\r\n${body}`
        })
        await connection.send(requests.join(''))
        await connection.until((text) => text.length > answered && readAnswers(text.slice(answered)).length === 10)
      }
    }
    await strangers(500)
    const before = heldHeapBytes()
    const linesBefore = site.gateway.logLines.length
    await Promise.all(Array.from({ length: 10 }, () => strangers(400)))
    expect(heldObjectsOfAny(Object.values(HELD))).toBe(0)
    expect(heldHeapBytes() - before).toBeLessThan(4 * 1_024 * 1_024)
    expect(site.gateway.logLines.length).toBe(linesBefore)
    // The clock stands still: all of it happened in one second.
    expect((await site.gateway.rows()).length).toBe(20)
    const metrics = (await site.ask('GET /metrics HTTP/1.1')).body
    const refused = [...metrics.matchAll(/^punku_requests_total\{.*status="(?:401|404)".*\} (\d+)$/gm)]
    expect(refused.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4_500)
    // No label holds what a stranger made up.
    expect(refused).toHaveLength(2)
    // And whoever has a key is still recorded.
    await site.ask(line, body)
    expect(await site.lastRow()).toMatchObject({ status: 200, route: 'POST /api/chat' })
    await site.expectWell()
  })
})
