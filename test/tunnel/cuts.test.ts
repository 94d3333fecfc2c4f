import { createHash, randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { respond } from '../../src/tunnel/http/http-stream.ts'
import type { TunnelStream } from '../../src/tunnel/stream.ts'
import { startNetwork } from '../support/network.ts'
import { startTunnelPair, type TunnelPair } from '../support/tunnel-pair.ts'

const STREAMS = 50
const CUTS = 100

/** Endless random bytes in pieces of every size, until it is told to stop; then it knows what it has given. */
class Source {
  readonly #hash = createHash('sha256')
  bytes = 0
  isEnding = false

  next(): Buffer | undefined {
    if (this.isEnding) return undefined
    const piece = randomBytes(randomInt(1, 6_000))
    this.#hash.update(piece)
    this.bytes += piece.length
    return piece
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Calls `tick` again and again while there is something to do; a turn of the loop lies between. */
function pump(tick: () => boolean): void {
  const timer = setInterval(() => {
    if (!tick()) clearInterval(timer)
  }, 3)
}

class Traffic {
  readonly downloads = new Map<string, Source>()
  readonly uploads = new Map<string, { bytes: number; digest: string }>()
  readonly sources: Source[] = []

  /** The agent's side: `/down/…` is answered with a source, the body of `/up/…` is read. */
  readonly serve = (stream: TunnelStream, { target }: { readonly target: string }): void => {
    if (target.startsWith('/down/')) this.#serveDownload(stream, target)
    else this.#serveUpload(stream, target)
  }

  #serveDownload(stream: TunnelStream, target: string): void {
    const source = new Source()
    this.downloads.set(target, source)
    this.sources.push(source)
    let hasRoom = true
    stream.receiver = {
      onData() {},
      onEnd() {},
      onReset() {},
      onDrain() {
        hasRoom = true
      },
    }
    respond(stream, { status: 200, fields: [] }, false)
    pump(() => {
      if (stream.isOver) return false
      if (!hasRoom) return true
      const piece = source.next()
      if (piece === undefined) stream.end()
      else hasRoom = stream.write(piece)
      return piece !== undefined
    })
  }

  #serveUpload(stream: TunnelStream, target: string): void {
    const hash = createHash('sha256')
    let bytes = 0
    stream.receiver = {
      onData(chunk) {
        hash.update(chunk)
        bytes += chunk.length
        stream.consumed(chunk.length)
      },
      onEnd: () => {
        this.uploads.set(target, { bytes, digest: hash.digest('hex') })
        respond(stream, { status: 200, fields: [] }, true)
      },
      onReset() {},
      onDrain() {},
    }
  }
}

async function download(pair: TunnelPair, target: string): Promise<{ bytes: number; digest: string }> {
  const { body } = await request(`http://upstream.invalid${target}`, { dispatcher: pair.dispatcher })
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of body) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, digest: hash.digest('hex') }
}

async function upload(pair: TunnelPair, target: string, source: Source): Promise<void> {
  const body = new Readable({ read() {} })
  pump(() => {
    if (body.readableLength > 60_000) return true
    const piece = source.next()
    body.push(piece ?? null)
    return piece !== undefined
  })
  const { body: answer } = await request(`http://upstream.invalid${target}`, {
    dispatcher: pair.dispatcher,
    method: 'POST',
    body,
  })
  await answer.dump()
}

describe(`${CUTS} cuts while ${STREAMS} streams run`, () => {
  test('every byte arrives, in order, once', async () => {
    const traffic = new Traffic()
    await using pair = await startTunnelPair({ onStream: traffic.serve })
    await using network = await startNetwork({ target: { host: '127.0.0.1', port: pair.port } })
    await pair.connect({ port: network.port })
    const down = Array.from({ length: STREAMS / 2 }, (_, at) => `/down/${at}`)
    const up = Array.from({ length: STREAMS / 2 }, (_, at) => ({ target: `/up/${at}`, source: new Source() }))
    const downloads = down.map((target) => download(pair, target))
    const uploads = up.map(({ target, source }) => upload(pair, target, source))
    await expect.poll(() => pair.gateway.session.liveStreams).toBe(STREAMS)

    let resumed = 0
    for (let cut = 0; cut < CUTS; cut++) {
      // What is on its way at this moment is anybody's guess: that is the point.
      const left = pair.agent.link
      await new Promise((resolve) => setTimeout(resolve, randomInt(1, 40)))
      network.cut()
      await left.ended
      if ((await pair.connect({ port: network.port })).isResumed) resumed++
    }
    for (const source of [...traffic.sources, ...up.map(({ source }) => source)]) source.isEnding = true

    let lost = 0
    let bytes = 0
    const results = await Promise.all(downloads)
    await Promise.all(uploads)
    for (const [at, target] of down.entries()) {
      const source = traffic.downloads.get(target) as Source
      const result = results[at]
      bytes += source.bytes
      lost += source.bytes - (result?.bytes ?? 0)
      expect(result).toEqual({ bytes: source.bytes, digest: source.digest() })
    }
    for (const { target, source } of up) {
      const result = traffic.uploads.get(target)
      bytes += source.bytes
      lost += source.bytes - (result?.bytes ?? 0)
      expect(result).toEqual({ bytes: source.bytes, digest: source.digest() })
    }
    expect(resumed).toBe(CUTS)
    process.stdout.write(
      `${CUTS} cuts, ${STREAMS} streams, ${bytes} bytes: ${Math.max(0, lost)} lost, ${Math.max(0, -lost)} twice\n`,
    )
  })

  test('without a resume window each stream ends with its error at the first', async () => {
    const traffic = new Traffic()
    await using pair = await startTunnelPair({ onStream: traffic.serve, resumeWindowMs: 0 })
    await using network = await startNetwork({ target: { host: '127.0.0.1', port: pair.port } })
    await pair.connect({ port: network.port })
    const downloads = Array.from({ length: STREAMS }, (_, at) => download(pair, `/down/${at}`))
    const outcomes = Promise.allSettled(downloads)
    await expect.poll(() => traffic.downloads.size).toBe(STREAMS)
    network.cut()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'interrupted' } })
    }
    expect((await pair.connect({ port: network.port })).isResumed).toBe(false)
    expect(pair.agent.session.liveStreams).toBe(0)
  })
})
