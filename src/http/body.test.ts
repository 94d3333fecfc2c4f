import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import {
  brotliCompressSync,
  constants,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { type BodyLimits, readBody } from './body.ts'
import { sourceOf } from './body-source.ts'
import { HeaderView } from './headers.ts'

const LIMITS: BodyLimits = { maxBytes: 100_000, maxDecodedBytes: 200_000 }
const TEXT = Buffer.from(JSON.stringify({ model: 'llama3', prompt: 'é'.repeat(20_000) }))

interface Read {
  readonly outcome: Promise<Buffer | PunkuError>
  readonly request: IncomingMessage
  readonly socket: Socket
}

/** Opens a real connection, sends `head` (request line and headers come of it) and starts to read the body. */
async function openRequest(headers: readonly string[], limits: BodyLimits = LIMITS): Promise<Read & AsyncDisposable> {
  const gateway = createServer().listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  const socket = connect((gateway.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(['POST / HTTP/1.1', 'Host: h', ...headers, '', ''].join('\r\n'))
  const [request] = (await once(gateway, 'request')) as [IncomingMessage]
  const outcome = readBody(sourceOf(request), new HeaderView(request.rawHeaders), limits).catch((error: unknown) => {
    if (error instanceof PunkuError) return error
    throw error
  })
  return {
    outcome,
    request,
    socket,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      gateway.closeAllConnections()
      gateway.close()
      await once(gateway, 'close')
    },
  }
}

async function send(body: Buffer, headers: readonly string[] = [], limits?: BodyLimits): Promise<Buffer | PunkuError> {
  await using read = await openRequest([`Content-Length: ${body.length}`, ...headers], limits)
  read.socket.write(body)
  return await read.outcome
}

describe('a plain body', () => {
  test.each([
    ['of no bytes', Buffer.alloc(0)],
    ['of one chunk', Buffer.from('{}')],
    ['of many chunks', TEXT],
  ])('%s', async (_, body) => {
    expect(await send(body)).toEqual(body)
    expect(await send(body, ['Content-Encoding: Identity'])).toEqual(body)
  })

  test('in chunked coding, with a call of onProgress at each chunk', async () => {
    let calls = 0
    await using read = await openRequest(['Transfer-Encoding: chunked'], { ...LIMITS, onProgress: () => calls++ })
    read.socket.write('2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n')
    expect(String(await read.outcome)).toBe('{ }')
    expect(calls).toBe(2)
  })

  test('leaves no listener behind', async () => {
    await using read = await openRequest(['Content-Length: 2'])
    const names = ['data', 'end', 'close', 'error'] as const
    const during = names.map((name) => read.request.listenerCount(name))
    read.socket.write('{}')
    await read.outcome
    expect(names.map((name, index) => (during[index] as number) - read.request.listenerCount(name))).toEqual([
      1, 1, 1, 1,
    ])
  })

  test('at the cap passes; one byte more is refused, declared or not', async () => {
    expect(await send(Buffer.alloc(LIMITS.maxBytes, 0x61))).toHaveLength(LIMITS.maxBytes)
    await using declared = await openRequest([`Content-Length: ${LIMITS.maxBytes + 1}`])
    expect(await declared.outcome).toMatchObject({ code: 'request_too_large', status: 413 })
    await using chunked = await openRequest(['Transfer-Encoding: chunked'])
    chunked.socket.write(`${(LIMITS.maxBytes + 1).toString(16)}\r\n${'a'.repeat(LIMITS.maxBytes + 1)}`)
    expect(await chunked.outcome).toMatchObject({ code: 'request_too_large' })
    expect(chunked.request.isPaused()).toBe(true)
  })
})

describe('a compressed body', () => {
  test.each([
    ['gzip', gzipSync(TEXT)],
    ['X-GZIP', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['deflate', deflateSync(TEXT, { windowBits: 9, level: 1 })],
  ])('in %s is decoded', async (encoding, body) => {
    expect(await send(body, [`Content-Encoding: ${encoding}`])).toEqual(TEXT)
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
    ['zstd', zstdCompressSync(Buffer.alloc(50_000_000))],
  ])('that is a %s bomb is refused', async (encoding, body) => {
    expect(body.length).toBeLessThan(LIMITS.maxBytes)
    expect(await send(body, [`Content-Encoding: ${encoding}`])).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining('195 KiB'),
    })
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
    ['zstd', zstdCompressSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(50_000_000))],
  ])('in %s that unpacks to a multiple of its size is refused, whatever may be unpacked', async (encoding, body) => {
    const held: number[] = []
    const limits = { ...LIMITS, maxDecodedBytes: 100_000_000, hold: (bytes: number) => held.push(bytes) }
    expect(await send(body, [`Content-Encoding: ${encoding}`], limits)).toMatchObject({
      code: 'request_too_large',
      message: 'The compressed body unpacks to more than 100 times its size. Send it uncompressed.',
    })
    expect(Math.max(...held)).toBeLessThan(2 * Math.max(1_048_576, body.length * 100) + 200_000)
  })

  test('small ones may unpack to a megabyte, however dense', async () => {
    const body = gzipSync(Buffer.alloc(1_048_576))
    const limits = { ...LIMITS, maxDecodedBytes: 100_000_000 }
    expect(await send(body, ['Content-Encoding: gzip'], limits)).toHaveLength(1_048_576)
  })

  test('is decoded when it is its turn', async () => {
    const turn = Promise.withResolvers<void>()
    let ended = 0
    const limits = {
      ...LIMITS,
      turnToDecode: async () => {
        await turn.promise
        return { [Symbol.dispose]: () => ended++ }
      },
    }
    const sent = send(gzipSync(TEXT), ['Content-Encoding: gzip'], limits)
    expect(await Promise.race([sent, new Promise((resolve) => setImmediate(resolve))])).toBeUndefined()
    turn.resolve()
    expect(await sent).toEqual(TEXT)
    await send(gzipSync(TEXT).subarray(0, -9), ['Content-Encoding: gzip'], limits)
    expect(ended).toBe(2)
  })

  test('at the decoded cap passes; one byte more is refused', async () => {
    const gzip = ['Content-Encoding: gzip']
    expect(await send(gzipSync(Buffer.alloc(LIMITS.maxDecodedBytes)), gzip)).toHaveLength(LIMITS.maxDecodedBytes)
    expect(await send(gzipSync(Buffer.alloc(LIMITS.maxDecodedBytes + 1)), gzip)).toBeInstanceOf(PunkuError)
  })

  test.each([
    ['gzip', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    // Without the checksum, zstd has nothing by which a changed byte could be noticed.
    ['zstd', zstdCompressSync(TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ])('in %s that is cut off, broken, followed by more, or empty is refused', async (encoding, body) => {
    const bodies = [
      body.subarray(0, -3),
      Buffer.concat([body.subarray(0, 12), Buffer.alloc(8, 0xff), body.subarray(20)]),
      Buffer.concat([body, Buffer.from('more')]),
      Buffer.from('{"model":"a"}'),
      Buffer.alloc(0),
    ]
    for (const broken of bodies) {
      expect(await send(broken, [`Content-Encoding: ${encoding}`])).toMatchObject({ code: 'invalid_request' })
    }
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('in %s may be several, one behind the other', async (encoding, compress) => {
    const of = async (...members: readonly (string | Buffer)[]) =>
      await send(Buffer.concat(members.map((member) => Buffer.from(member))), [`Content-Encoding: ${encoding}`])
    const [one, two, none] = [compress('{"model":'), compress('"a"}'), compress('')]
    expect(String(await of(one, two))).toBe('{"model":"a"}')
    expect(String(await of(none, one, none, none, two, none))).toBe('{"model":"a"}')
    expect(
      await of(
        ...TEXT.toString()
          .match(/.{1,9000}/gs)!
          .map((text) => compress(text)),
      ),
    ).toEqual(TEXT)
    const refused = { code: 'invalid_request' }
    const zeros = Buffer.alloc(4)
    expect(await of(one, two.subarray(0, -1))).toMatchObject(refused)
    expect(await of(one, two.subarray(0, 2))).toMatchObject(refused)
    expect(await of(one, two, 'x')).toMatchObject(refused)
    // What some parsers take for the end, and others pass over.
    expect(await of(one, two, zeros)).toMatchObject(refused)
    expect(await of(one, zeros, two)).toMatchObject(refused)
    expect(await of(one, Buffer.alloc(1), two)).toMatchObject(refused)
    // The caps are those of one.
    const half = compress(Buffer.alloc(LIMITS.maxDecodedBytes / 2))
    expect(await of(half, half)).toHaveLength(LIMITS.maxDecodedBytes)
    expect(await of(half, half, compress('x'))).toMatchObject({ code: 'request_too_large' })
  })

  test.each([
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const)('in %s is one: the format has no sequence of them', async (encoding, compress) => {
    const two = Buffer.concat([compress('{"model":'), compress('"a"}')])
    expect(await send(two, [`Content-Encoding: ${encoding}`])).toMatchObject({ code: 'invalid_request' })
  })

  test('in zstd with a window beyond 8 MiB is refused', async () => {
    const compressor = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 24 } })
    compressor.write(TEXT)
    compressor.flush(() => compressor.end('x'))
    const body = Buffer.concat(await compressor.toArray())
    expect(await send(body, ['Content-Encoding: zstd'])).toMatchObject({ code: 'invalid_request' })
  })

  test.each([
    ['compress', TEXT],
    ['gzip, gzip', gzipSync(gzipSync(TEXT))],
    ['identity, gzip', gzipSync(TEXT)],
    ['gzip;q=1', gzipSync(TEXT)],
    ['', TEXT],
  ])('in %j is refused', async (encoding, body) => {
    expect(await send(body, [`Content-Encoding: ${encoding}`])).toMatchObject({
      code: 'unsupported_encoding',
      status: 415,
    })
  })

  test('in two headers is refused', async () => {
    const twice = ['Content-Encoding: gzip', 'Content-Encoding: gzip']
    expect(await send(gzipSync(TEXT), twice)).toMatchObject({ code: 'unsupported_encoding' })
  })
})

describe('what is held', () => {
  test('is told as it grows, and once more when the body is decoded', async () => {
    const held: number[] = []
    const limits = { ...LIMITS, hold: (bytes: number) => held.push(bytes) }
    await send(TEXT, [], limits)
    expect(held.at(-1)).toBeGreaterThanOrEqual(TEXT.length)
    expect(held.toSorted((a, b) => a - b)).toEqual(held)
    await send(gzipSync(TEXT), ['Content-Encoding: gzip'], limits)
    expect(held.at(-1)).toBe(TEXT.length)
  })

  test.each([
    ['a plain body', TEXT, []],
    ['a compressed one', gzipSync(TEXT), ['Content-Encoding: gzip']],
  ])('that may not be held ends %s', async (_, body, headers) => {
    const limits = {
      ...LIMITS,
      hold: (bytes: number) => {
        if (bytes > 10_000) throw new PunkuError('overloaded', 'full')
      },
    }
    expect(await send(body, headers, limits)).toMatchObject({ code: 'overloaded', message: 'full' })
  })
})

describe('the beginning of a body', () => {
  const LARGE = Buffer.from(JSON.stringify({ model: 'llama3', prompt: 'a'.repeat(300_000) }))
  const limits = (seen: string[]): BodyLimits => ({
    maxBytes: 1_000_000,
    maxDecodedBytes: 1_000_000,
    onBeginning: (bytes) => {
      seen.push(bytes.toString())
      throw new PunkuError('model_not_allowed', 'no')
    },
  })

  test.each([
    ['a large one', LARGE, []],
    ['one that decodes to much', gzipSync(LARGE), ['Content-Encoding: gzip']],
  ])('ends %s', async (_, body, headers) => {
    const seen: string[] = []
    expect(await send(body, headers, limits(seen))).toMatchObject({ code: 'model_not_allowed' })
    expect(seen).toEqual([LARGE.toString('utf8', 0, 65_536)])
  })

  test.each([
    ['a small one', TEXT, []],
    ['one that is nearly there', LARGE.subarray(0, 100_000), []],
    ['a small one in gzip', gzipSync(TEXT), ['Content-Encoding: gzip']],
  ])('is not looked at in %s', async (_, body, headers) => {
    const seen: string[] = []
    expect(Buffer.isBuffer(await send(body, headers, limits(seen)))).toBe(true)
    expect(seen).toEqual([])
  })

  test('that is broken is told when all is there', async () => {
    const broken = Buffer.concat([Buffer.from('{"a'), Buffer.alloc(200_000, 1)])
    const seen: string[] = []
    const given = { ...limits(seen), onBeginning: (bytes: Buffer) => void seen.push(bytes.toString()) }
    expect(await send(broken, ['Content-Encoding: gzip'], given)).toMatchObject({ code: 'invalid_request' })
  })
})

describe('a client that leaves', () => {
  test.each([
    ['half way', ['Content-Length: 100'], '{"model"'],
    ['half way in chunked coding', ['Transfer-Encoding: chunked'], '5\r\n{"mod'],
    ['half way in gzip', ['Content-Length: 100', 'Content-Encoding: gzip'], 'x'],
    ['before the first byte', ['Content-Length: 100'], ''],
  ])('%s is told from a short body', async (_, headers, part) => {
    await using read = await openRequest(headers)
    if (part !== '') {
      read.socket.write(part)
      await once(read.request, 'data')
    }
    read.socket.destroy()
    expect(await read.outcome).toMatchObject({ code: 'client_closed' })
  })

  test('before the body is asked for is noticed too', async () => {
    await using read = await openRequest(['Content-Length: 100'])
    read.socket.destroy()
    await read.outcome
    await expect(readBody(sourceOf(read.request), new HeaderView([]), LIMITS)).rejects.toMatchObject({
      code: 'client_closed',
    })
  })
})
