// The clients, in a process of their own: raw HTTP/1.1 on `net`, request bytes made once. `run.ts` tells it what to do.
import { connect, type Socket } from 'node:net'
import { endlessStream, type LoadDialect, requestBytes, SMALL_CHAT, type Target } from './load-requests.ts'
import { percentile } from './statistics.ts'
import { serveCalls } from './worker-calls.ts'

/** What the load can be told to do, and what it then reports. */
export interface LoadCalls {
  /** Each connection sends its next request when the last was answered. */
  requests(args: Target & { readonly connections: number; readonly durationMs: number }): { readonly count: number }
  /** `rate` requests a second over idle connections, whether or not the last ones were answered. */
  pacedRequests(args: Target & { readonly connections: number; readonly rate: number; readonly durationMs: number }): {
    readonly count: number
  }
  /** One connection, one streaming request after another; milliseconds from sending to the first byte. */
  firstBytes(args: Target & { readonly durationMs: number }): { readonly p50Ms: number; readonly p99Ms: number }
  /** Opens streams and keeps them; done when each has had its first token. `dialect`: how they are asked for. Default: `chat`. */
  openStreams(
    args: Target & { readonly count: number; readonly tokensPerSecond: number; readonly dialect?: LoadDialect },
  ): Record<string, never>
  /** Watches the open streams for that long. */
  watchStreams(args: { readonly durationMs: number; readonly periodMs: number }): Watched
  /** The same, until `endWatch`. */
  beginWatch(args: { readonly periodMs: number }): Record<string, never>
  endWatch(args: Record<string, never>): Watched
  /**
   * Sends SIGUSR2 to the process, and watches the open streams for that long: of each its longest silence, which ended
   * so many milliseconds after the signal. Fails when a stream is silent at the end.
   */
  watchCut(args: { readonly pid: number; readonly durationMs: number }): { readonly resumedAfterMs: readonly number[] }
  /** Ends the open streams as a client that leaves does. */
  closeStreams(args: Record<string, never>): Record<string, never>
}

/** Tokens that came, and the gaps between those of one stream, milliseconds. */
export interface Watched {
  readonly tokens: number
  readonly gapP50Ms: number
  readonly gapP99Ms: number
  /** How far gaps are from the period. */
  readonly gapErrorP99Ms: number
}

const TOKEN_MARK = Buffer.from('data: {')
async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Sends the request and resolves at the last byte of its answer, with the time of the first. */
function exchange(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = ''
    let firstByteAtMs = 0
    const settle = (error?: Error) => {
      socket.off('data', onData)
      socket.off('close', onClose)
      if (error === undefined) resolve(firstByteAtMs)
      else reject(error)
    }
    const onClose = () => settle(new Error(`the connection closed under a request; got: ${received.slice(0, 200)}`))
    const onData = (data: Buffer) => {
      if (received === '') firstByteAtMs = performance.now()
      received += data.toString('latin1')
      if (!received.startsWith('HTTP/1.1 200')) settle(new Error(`not a 200: ${received.slice(0, 200)}`))
      else if (isComplete(received)) settle()
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.write(request)
  })
}

function isComplete(response: string): boolean {
  const headEnd = response.indexOf('\r\n\r\n')
  if (headEnd === -1) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(response.slice(0, headEnd))?.[1]
  if (length === undefined) return response.endsWith('0\r\n\r\n')
  return response.length >= headEnd + 4 + Number(length)
}

interface OpenStream {
  readonly socket: Socket
  lastTokenAtMs: number
  longestGap: { readonly ms: number; readonly endedAtMs: number }
  /** The end of the last read, for a mark that two reads share. */
  tail: Buffer
}

let openStreams: OpenStream[] = []
let watch: { tokens: number; readonly periodMs: number; readonly gapsMs: number[] } | undefined

const NO_GAP = { ms: 0, endedAtMs: 0 }
/** A stream that has been silent for this long after a cut has not come back. */
const SILENT_MS = 500

function openStream(socket: Socket, request: Buffer): Promise<void> {
  const stream: OpenStream = { socket, lastTokenAtMs: 0, longestGap: NO_GAP, tail: Buffer.alloc(0) }
  openStreams.push(stream)
  return new Promise((resolve, reject) => {
    socket.on('close', () => {
      const isEndedByUs = !openStreams.includes(stream)
      if (!isEndedByUs) reject(new Error('a stream ended before the load ended it'))
    })
    socket.on('data', (data: Buffer) => {
      const now = performance.now()
      const tokens = countTokens(stream, data)
      if (tokens === 0) return
      if (stream.lastTokenAtMs === 0) resolve()
      else noteGap(stream, now, tokens)
      stream.lastTokenAtMs = now
    })
    socket.write(request)
  })
}

function noteGap(stream: OpenStream, now: number, tokens: number): void {
  const ms = now - stream.lastTokenAtMs
  if (ms > stream.longestGap.ms) stream.longestGap = { ms, endedAtMs: now }
  if (watch === undefined) return
  watch.tokens += tokens
  watch.gapsMs.push(ms)
  // Tokens that come together were held back: each after the first has no gap at all.
  for (let extra = 1; extra < tokens; extra++) watch.gapsMs.push(0)
}

function endWatch(): Watched {
  if (watch === undefined) throw new Error('nothing is watched')
  const { tokens, periodMs, gapsMs } = watch
  watch = undefined
  // A gap that is still open counts too, where it is too long already.
  const now = performance.now()
  for (const { lastTokenAtMs } of openStreams) if (now - lastTokenAtMs > periodMs) gapsMs.push(now - lastTokenAtMs)
  const errorsMs = gapsMs.map((ms) => Math.abs(ms - periodMs))
  return {
    tokens,
    gapP50Ms: percentile(gapsMs, 50),
    gapP99Ms: percentile(gapsMs, 99),
    gapErrorP99Ms: percentile(errorsMs, 99),
  }
}

function countTokens(stream: OpenStream, data: Buffer): number {
  const bytes = stream.tail.length === 0 ? data : Buffer.concat([stream.tail, data])
  let tokens = 0
  let from = 0
  for (let at = bytes.indexOf(TOKEN_MARK); at !== -1; at = bytes.indexOf(TOKEN_MARK, from)) {
    tokens += 1
    from = at + TOKEN_MARK.length
  }
  // Only a read that stops inside a frame can share a mark with the next one.
  const isWhole = bytes.at(-1) === 0x0a
  stream.tail = isWhole
    ? Buffer.alloc(0)
    : Buffer.from(bytes.subarray(Math.max(from, bytes.length - TOKEN_MARK.length + 1)))
  return tokens
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

serveCalls<LoadCalls>({
  async requests({ connections, durationMs, ...target }) {
    const request = requestBytes(target, SMALL_CHAT)
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(target.port)))
    const endAtMs = performance.now() + durationMs
    let count = 0
    await Promise.all(
      sockets.map(async (socket) => {
        while (performance.now() < endAtMs) {
          await exchange(socket, request)
          count += 1
        }
        socket.destroy()
      }),
    )
    return { count }
  },

  async pacedRequests({ connections, rate, durationMs, ...target }) {
    const request = requestBytes(target, SMALL_CHAT)
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(target.port)))
    const idle = [...sockets]
    const startedAtMs = performance.now()
    const running = new Set<Promise<void>>()
    let count = 0
    let sent = 0
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedAtMs) {
      const due = Math.floor((elapsedMs * rate) / 1_000)
      for (; sent < due; sent++) {
        const socket = idle.pop()
        // Behind its rate: what was not sent is left out, and the count tells.
        if (socket === undefined) continue
        const done = exchange(socket, request).then(() => {
          count += 1
          idle.push(socket)
          running.delete(done)
        })
        running.add(done)
      }
      await pause(1)
    }
    await Promise.all(running)
    for (const socket of sockets) socket.destroy()
    return { count }
  },

  async firstBytes({ durationMs, ...target }) {
    const request = requestBytes(target, { ...SMALL_CHAT, stream: true, max_tokens: 1 })
    const socket = await open(target.port)
    const endAtMs = performance.now() + durationMs
    const timesMs: number[] = []
    while (performance.now() < endAtMs) {
      const sentAtMs = performance.now()
      timesMs.push((await exchange(socket, request)) - sentAtMs)
    }
    socket.destroy()
    return { p50Ms: percentile(timesMs, 50), p99Ms: percentile(timesMs, 99) }
  },

  async openStreams({ count, tokensPerSecond, dialect = 'chat', ...target }) {
    const request = requestBytes(target, endlessStream(dialect, tokensPerSecond), dialect)
    const batch = 50
    for (let opened = 0; opened < count; opened += batch) {
      const size = Math.min(batch, count - opened)
      await Promise.all(Array.from({ length: size }, async () => openStream(await open(target.port), request)))
    }
    return {}
  },

  async watchStreams({ durationMs, periodMs }) {
    watch = { tokens: 0, periodMs, gapsMs: [] }
    await pause(durationMs)
    return endWatch()
  },

  async beginWatch({ periodMs }) {
    watch = { tokens: 0, periodMs, gapsMs: [] }
    return {}
  },

  endWatch: async () => endWatch(),

  async watchCut({ pid, durationMs }) {
    for (const stream of openStreams) stream.longestGap = NO_GAP
    const cutAtMs = performance.now()
    process.kill(pid, 'SIGUSR2')
    await pause(durationMs)
    const endsAtMs = performance.now()
    const silent = openStreams.filter(({ lastTokenAtMs }) => endsAtMs - lastTokenAtMs > SILENT_MS)
    if (silent.length > 0) throw new Error(`${silent.length} streams have not come back`)
    return { resumedAfterMs: openStreams.map(({ longestGap }) => longestGap.endedAtMs - cutAtMs) }
  },

  async closeStreams() {
    const ended = openStreams
    openStreams = []
    for (const { socket } of ended) socket.destroy()
    return {}
  },
})
