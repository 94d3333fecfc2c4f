import { randomBytes } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { textAnswer } from '../support/scripted/answer.ts'
import type { Step } from '../support/scripted/playback.ts'
import { bytes, head, hold, rest } from '../support/scripted/steps.ts'
import { heldBufferBytes } from './heap.ts'
import { CHAT, errorShape, openSite, type Site, until } from './site.ts'
import { type RawAnswer, readAnswers, send } from './wire.ts'

const MIB = 1_048_576
const CONFIG = { limits: { bodyBytes: '1MiB', decodedBodyBytes: '1MiB', bodyMemory: '3MiB', bodyMemoryPerKey: '2MiB' } }

const LINES = {
  ollama: 'POST /api/chat HTTP/1.1',
  openai: 'POST /v1/chat/completions HTTP/1.1',
  anthropic: 'POST /v1/messages HTTP/1.1',
} as const

/** A request of a key whose body stops before its last byte. */
async function half(site: Site, key: string, bytes: number): Promise<RawConnection> {
  const connection = await RawConnection.open(site.port)
  const head = site.head(CHAT.line, `Content-Length: ${bytes + 1}`).replace(site.key, key)
  await connection.send(head + '{"pad":"'.padEnd(bytes, 'a'))
  return connection
}

describe('the bodies of all requests', () => {
  test.each(Object.entries(LINES))('share one budget, and each key has its part of it: %s', async (dialect, line) => {
    await using site = await openSite({ config: CONFIG })
    const { bodies } = site.gateway.parts
    const other = await site.gateway.key()
    const third = await site.gateway.key()
    const ask = async (key: string): Promise<RawAnswer> => {
      const body = `{"model":"tiny","messages":[],"stream":false,"pad":"${'a'.repeat(MIB - 100)}"}`
      const [answer] = await send(site.port, site.request(line, body).toString('latin1').replace(site.key, key))
      return answer as RawAnswer
    }
    using _one = await half(site, site.key, MIB - 1)
    await until(() => bodies.heldBytes >= MIB - 1)
    using _two = await half(site, site.key, MIB / 2)
    await until(() => bodies.heldBytes >= MIB * 1.5 - 1)
    const refused = await ask(site.key)
    expect([refused.status, refused.header('retry-after'), errorShape(refused)]).toEqual([503, '2', dialect])
    expect(refused.body).toContain('limits.bodyMemoryPerKey')
    // The key of somebody else is not concerned, until nothing is left for all.
    expect((await ask(other)).status).toBe(200)
    using _more = await half(site, other, MIB - 1)
    await until(() => bodies.heldBytes >= MIB * 2.5 - 2)
    const full = await ask(third)
    expect([full.status, errorShape(full)]).toEqual([503, dialect])
    expect(full.body).toContain('limits.bodyMemory)')
    for (const connection of [_one, _two, _more]) connection.reset()
    await until(() => bodies.heldBytes === 0)
    expect((await ask(site.key)).status).toBe(200)
    await site.expectWell()
  })

  test('are counted until the upstream answers, and no longer', async () => {
    await using site = await openSite({ config: CONFIG })
    const { bodies } = site.gateway.parts
    site.upstream.behave([hold, head, hold, rest])
    using connection = await RawConnection.open(site.port)
    const body = JSON.stringify({ model: 'tiny', messages: [], pad: 'a'.repeat(500_000) })
    await connection.send(site.head(CHAT.line, `Content-Length: ${body.length}`) + body)
    const request = await site.upstream.nextRequest()
    expect(bodies.heldBytes).toBeGreaterThanOrEqual(500_000)
    request.release()
    await until(() => bodies.heldBytes === 0)
    expect(site.gateway.parts.gateway.liveExchanges).toBe(1)
    request.release()
    await connection.until((text) => text.includes('0\r\n\r\n'))
  })

  test('are held until the upstream answers, and no longer', async () => {
    await using site = await openSite()
    site.upstream.behave([head, hold, rest])
    using connection = await RawConnection.open(site.port)
    const body = JSON.stringify({ model: 'tiny', messages: [], stream: true, pad: 'a'.repeat(12 * MIB) })
    const before = heldBufferBytes()
    await connection.send(site.head(CHAT.line, `Content-Length: ${body.length}`) + body)
    const request = await site.upstream.nextRequest()
    await connection.until((text) => text.includes('\r\n\r\n'))
    // The upstream's own stays.
    await until(() => heldBufferBytes() - before - request.body.length < 8 * MIB)
    request.release()
    await connection.until((text) => text.includes('0\r\n\r\n'))
  })

  test('bombs of many at once are refused before they are unpacked', async () => {
    await using site = await openSite()
    const bomb = brotliCompressSync(
      Buffer.concat([Buffer.from('{"model":"missing","pad":"'), Buffer.alloc(60_000_000, 0x61)]),
    )
    let most = 0
    const { bodies } = site.gateway.parts
    const timer = setInterval(() => (most = Math.max(most, bodies.heldBytes)), 1)
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => site.ask(CHAT.line, bomb, 'Content-Encoding: br')),
    )
    clearInterval(timer)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]))
    // Two at a time, each up to a megabyte in slabs.
    expect(most).toBeLessThan(8 * MIB)
    await until(() => bodies.heldBytes === 0)
    await site.expectWell()
  })

  test.each(Object.entries(LINES))('are refused for their model while they come: %s', async (dialect, line) => {
    const grant = { models: ['tiny'] }
    await using site = await openSite({ upstream: { models: ['tiny', 'secret'] }, grant })
    const begun = async (body: Buffer, ...lines: string[]) => {
      using connection = await RawConnection.open(site.port)
      await connection.send(site.head(line, ...lines))
      await connection.send(body)
      return readAnswers(await connection.until((text) => /\r\n\r\n.*\}$/s.test(text)))[0] as RawAnswer
    }
    const body = (model: string) => Buffer.from(`{"max_tokens":9,"model":"${model}","pad":"${'a'.repeat(70_000)}`)
    const noise = randomBytes(400_000)
      .toString('latin1')
      .replace(/[^ !#-[\]-~]/g, '')
    const packed = (model: string) => gzipSync(Buffer.from(`{"model":"${model}","pad":"${noise}`)).subarray(0, 70_000)
    // Of neither does the rest ever come.
    for (const refused of [
      await begun(body('secret'), `Content-Length: ${10 * MIB}`),
      await begun(body('tiny:cloud'), `Content-Length: ${10 * MIB}`),
      await begun(Buffer.from(`${(70_100).toString(16)}\r\n${body('secret')}`), 'Transfer-Encoding: chunked'),
      await begun(packed('secret'), `Content-Length: ${10 * MIB}`, 'Content-Encoding: gzip'),
    ]) {
      expect([refused.status, errorShape(refused)]).toEqual([403, dialect])
    }
    expect((await site.lastRow())?.model_asked).toBe('secret')
    // One that may is read to its end.
    const whole = Buffer.concat([
      body('tiny'),
      Buffer.from('a'.repeat(200_000)),
      Buffer.from('","messages":[],"stream":false}'),
    ])
    expect((await site.ask(line, whole)).status).toBe(200)
    expect((await site.ask(line, gzipSync(whole), 'Content-Encoding: gzip')).status).toBe(200)
    await until(() => site.gateway.parts.bodies.heldBytes === 0)
    await site.expectWell()
  })

  test.each(Object.entries(LINES))(
    'bombs are refused for their model before they go off: %s',
    async (dialect, line) => {
      const start = (model: string) => Buffer.from(`{"model":"${model}","pad":"`)
      const bomb = (model: string) => brotliCompressSync(Buffer.concat([start(model), Buffer.alloc(60_000_000, 0x61)]))
      // Making them holds this process, in which the gateway would take itself for overloaded.
      const [secret, tiny] = [bomb('secret'), bomb('tiny')]
      await using site = await openSite({
        upstream: { models: ['tiny', 'secret'] },
        grant: { models: ['tiny'] },
        config: { limits: { loopDelay: 'off' } },
      })
      const refused = await site.ask(line, secret, 'Content-Encoding: br')
      expect([refused.status, errorShape(refused)]).toEqual([403, dialect])
      expect((await site.ask(line, tiny, 'Content-Encoding: br')).status).toBe(413)
      await site.expectWell()
    },
  )
})

describe('whole answers', () => {
  /** A megabyte of JSON in the place of the usual answer. */
  const text = JSON.stringify({ model: 'tiny', message: { content: 'a'.repeat(MIB) }, done: true })
  const large: Step = (playback) => {
    const answer = textAnswer(text, 200)
    playback.replaceAnswer({ ...answer, headers: { 'content-type': 'application/json' } })
  }

  test('are held up to what all may hold together; one too many is passed on as it comes', async () => {
    await using site = await openSite({ config: { limits: { answerMemory: '1MiB', answerMemoryPerOrg: '1MiB' } } })
    const { answers } = site.gateway.parts
    site.upstream.behave([large, bytes(700_000), hold, rest], { times: 2 })
    const asked = [site.ask(CHAT.line, CHAT.body)]
    const first = await site.upstream.nextRequest()
    await until(() => answers.heldBytes >= 700_000)
    using passed = await RawConnection.open(site.port)
    await passed.send(site.request(CHAT.line, CHAT.body))
    const second = await site.upstream.nextRequest()
    // It has begun before it is complete, and what it held is given back.
    await passed.until((received) => received.length > 600_000)
    await until(() => answers.heldBytes < 1_048_576)
    for (const request of [first, second]) request.release()
    const all = await passed.until((received) => received.endsWith('0\r\n\r\n'))
    expect(readAnswers(all)[0]?.body === text).toBe(true)
    expect((await asked[0])?.body === text).toBe(true)
    await until(() => answers.heldBytes === 0)
    await site.expectWell()
  })
})
