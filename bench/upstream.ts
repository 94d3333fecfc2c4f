// The model server behind every contender, in a process of its own: as little work as possible, so that what is
// measured is the proxy. It speaks raw HTTP/1.1 on `net` and answers as Ollama does, so that every route of it is there; with
// `llama-server` as its argument as that does, of whose routes only chat completions are well served.
import { createServer, type Socket } from 'node:net'

const isOllama = process.argv[2] !== 'llama-server'
const MODEL_LIST = json(200, {
  object: 'list',
  data: [{ id: 'bench', object: 'model', created: 1_767_225_600, owned_by: isOllama ? 'bench' : 'llamacpp' }],
})
const VERSION = json(200, { version: '0.0.0' })
const TAGS = json(200, { models: [{ name: 'bench:latest', model: 'bench:latest', size: 0, digest: '' }] })
const NOT_FOUND = json(404, { error: { message: 'not found', type: 'invalid_request_error', code: 404 } })
const COMPLETION = json(200, {
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
})
const CHAT_LINE = json(200, { ...chatLine('Hello.'), done: true, done_reason: 'stop', eval_count: 2 })
/** What a stream is made of. */
interface StreamPieces {
  readonly head: Buffer
  readonly token: Buffer
  readonly end: Buffer
}
const CHUNKS: StreamPieces = {
  head: streamHead('text/event-stream'),
  token: chunk(
    `data: ${JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion.chunk',
      created: 1_767_225_600,
      model: 'bench',
      choices: [{ index: 0, delta: { content: ' token' }, finish_reason: null }],
    })}\n\n`,
  ),
  end: lastOf('data: [DONE]\n\n'),
}
const LINES: StreamPieces = {
  head: streamHead('application/x-ndjson'),
  token: chunk(`${JSON.stringify(chatLine(' token'))}\n`),
  end: lastOf(`${JSON.stringify({ ...chatLine(''), done: true, done_reason: 'stop' })}\n`),
}
const UPLOAD_START = 'POST /api/blobs/'
const CREATED = Buffer.from('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n')
/** One piece of a large answer, sent again and again. */
const BULK_PIECE = Buffer.alloc(65_536, ' ')

interface Stream {
  readonly socket: Socket
  readonly pieces: StreamPieces
  readonly periodMs: number
  dueAtMs: number
  tokensLeft: number
}

const streams = new Set<Stream>()

// One timer for all streams: a timer for each would cost more than the tokens do.
setInterval(() => {
  const now = performance.now()
  for (const stream of streams) {
    if (stream.dueAtMs > now) continue
    // Counted from when it was due, not from now, so that the rate holds whatever the timer's grain.
    stream.dueAtMs += stream.periodMs
    sendToken(stream)
  }
}, 1)

const server = createServer({ noDelay: true }, (socket) => {
  let unread: Buffer = Buffer.alloc(0)
  /** What is still to come of a model's weights; nothing of it is kept. */
  let uploadBytes = 0
  socket.on('data', (data: Buffer) => {
    if (uploadBytes > 0) {
      uploadBytes -= data.length
      if (uploadBytes <= 0) socket.write(CREATED)
      return
    }
    unread = unread.length === 0 ? data : Buffer.concat([unread, data])
    const upload = readUpload(unread)
    if (upload !== undefined) {
      uploadBytes = upload.bytesLeft
      if (uploadBytes === 0) socket.write(CREATED)
      unread = Buffer.alloc(0)
      return
    }
    for (let length = requestLength(unread); length !== undefined; length = requestLength(unread)) {
      answer(socket, unread.toString('latin1', 0, length))
      unread = unread.subarray(length)
    }
  })
  // Clients and proxies leave in the middle of streams: that is part of the measurement.
  socket.on('error', () => {})
  socket.on('close', () => {
    for (const stream of streams) if (stream.socket === socket) streams.delete(stream)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())

function answer(socket: Socket, request: string): void {
  if (request.startsWith('GET /v1/models ')) socket.write(MODEL_LIST)
  else if (isOllama && request.startsWith('GET /api/version ')) socket.write(VERSION)
  else if (isOllama && request.startsWith('GET /api/tags ')) socket.write(TAGS)
  else if (isOllama && request.startsWith('POST /api/chat ')) {
    if (request.includes('"stream":true')) openStream(socket, request, LINES)
    else socket.write(CHAT_LINE)
  } else if (!request.startsWith('POST /v1/chat/completions ')) socket.write(NOT_FOUND)
  else if (request.includes('"stream":true')) openStream(socket, request, CHUNKS)
  else if (request.includes('"user":"bulk"')) sendBulk(socket, Number(/"seed":(\d+)/.exec(request)?.[1] ?? 0))
  else socket.write(COMPLETION)
}

/** `max_tokens` says how long the stream is, and `seed`, or the prompt, how many tokens a second it has; 0 is silence. */
function openStream(socket: Socket, request: string, pieces: StreamPieces): void {
  const perSecond = Number(/(?:"seed":|at a rate of )([\d.]+)/.exec(request)?.[1] ?? 0)
  const tokens = Number(/"(?:max_tokens|max_completion_tokens|num_predict)":(\d+)/.exec(request)?.[1] ?? 1)
  socket.write(Buffer.concat([pieces.head, pieces.token]))
  const periodMs = 1000 / perSecond
  // Streams start where the load opens them; the phase spreads them over the period, as real ones are.
  const phaseMs = Number.isFinite(periodMs) ? Math.random() * periodMs : 0
  const stream = { socket, pieces, periodMs, dueAtMs: performance.now() + periodMs + phaseMs, tokensLeft: tokens - 1 }
  if (stream.tokensLeft === 0) socket.write(pieces.end)
  else streams.add(stream)
}

function sendToken(stream: Stream): void {
  stream.tokensLeft -= 1
  stream.socket.write(stream.pieces.token)
  if (stream.tokensLeft > 0) return
  stream.socket.write(stream.pieces.end)
  streams.delete(stream)
}

function sendBulk(socket: Socket, bytes: number): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`)
  let left = bytes
  const pump = (): void => {
    while (left > 0 && !socket.destroyed) {
      const isTaken = socket.write(BULK_PIECE.subarray(0, left))
      left -= BULK_PIECE.length
      if (isTaken) continue
      socket.once('drain', pump)
      return
    }
  }
  pump()
}

/** The upload whose head, whole, is the first in `bytes`, and what is still to come of it. */
function readUpload(bytes: Buffer): { readonly bytesLeft: number } | undefined {
  if (bytes.toString('latin1', 0, UPLOAD_START.length) !== UPLOAD_START) return undefined
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  const length = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
  return { bytesLeft: headEnd + 4 + length - bytes.length }
}

/** How many bytes the first request in `bytes` has, once all of it is there. */
function requestLength(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const end = bytes.indexOf('\r\n0\r\n\r\n', headEnd)
    return end === -1 ? undefined : end + 7
  }
  const length = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
  return bytes.length < length ? undefined : length
}

function json(status: number, body: unknown): Buffer {
  const text = JSON.stringify(body)
  const reason = status === 200 ? 'OK' : 'Not Found'
  return Buffer.from(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  )
}

function chatLine(content: string): object {
  return {
    model: 'bench',
    created_at: '2026-01-01T00:00:00.000000Z',
    message: { role: 'assistant', content },
    done: false,
  }
}

function streamHead(contentType: string): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ntransfer-encoding: chunked\r\n\r\n`)
}

function lastOf(text: string): Buffer {
  return Buffer.concat([chunk(text), Buffer.from('0\r\n\r\n')])
}

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`)
}
