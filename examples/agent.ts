/**
 * The smallest agent: one file, Node alone, made from docs/protocol.md. It serves a model server until its link ends:
 *
 *     node_modules/.bin/node examples/agent.ts https://gateway.example http://127.0.0.1:11434 < one-time-token
 *
 * It leaves out what `punku connect` has: renewal of its token, reconnecting, resuming, and most of the routes.
 */
import { text } from 'node:stream/consumers'

const [gateway = '', upstream = ''] = process.argv.slice(2)
const [HELLO, PING, PONG, OPEN, HEAD, DATA, CREDIT, RESET] = [0x01, 0x03, 0x04, 0x10, 0x11, 0x12, 0x13, 0x14]
const [END, REFUSED, INTERRUPTED, DENIED, AGENT, UPSTREAM] = [0x01, 2, 5, 7, 3, 4]
const WINDOW = 65_536
/** The gateway is not trusted with more than this. */
const ALLOWED =
  /^(GET (\/api\/(tags|version|ps)|\/v1\/models)|POST (\/api\/(chat|generate|show)|\/v1\/chat\/completions))$/

interface Stream {
  readonly head: RequestHead
  readonly body: Buffer[]
  readonly abort: AbortController
  credit: number
  /** Resolves when there is more credit. */
  more: PromiseWithResolvers<void>
}
interface RequestHead {
  method: string
  target: string
  fields: [string, string][]
}

const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: 'punku-agent' }
const deviceCode = (await text(process.stdin)).trim()
const body = new URLSearchParams({ ...form, device_code: deviceCode })
const answer = await (await fetch(`${gateway}/tunnel/token`, { method: 'POST', body })).json()
const { access_token: token, error } = answer as { access_token?: string; error?: string }
if (token === undefined) throw new Error(`The gateway took no token: ${error}`)

const headers = { authorization: `Bearer ${token}` }
const socket = new WebSocket(`${gateway.replace(/^http/, 'ws')}/tunnel`, { protocols: 'punku.1', headers })
socket.binaryType = 'arraybuffer'
const streams = new Map<number, Stream>()
let gatewayWindow = WINDOW

const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
const u32 = (value: number) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255])
const word = (value: string) => Buffer.concat([u16(Buffer.byteLength(value, 'latin1')), Buffer.from(value, 'latin1')])

/** Section 2: one frame is one message here. */
function send(kind: number, id: number, payload: Uint8Array, flags = 0): void {
  const length = u32(payload.length).subarray(1)
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(Buffer.concat([length, Buffer.from([kind, flags]), u32(id), payload]))
  }
}

socket.onopen = () => {
  const limits = { capabilities: ['http'], window: WINDOW, streams: 16, heartbeatMs: 15_000 }
  send(HELLO, 0, Buffer.from(JSON.stringify({ software: 'example/1', ...limits, instance: crypto.randomUUID() })))
}
socket.onclose = ({ code, reason }) => {
  process.stderr.write(`The gateway ended the link: ${code} ${reason}\n`)
  process.exit(1)
}
socket.onmessage = ({ data }) => {
  const message = Buffer.from(data as ArrayBuffer)
  for (let at = 0; at < message.length; ) {
    const end = at + 9 + message.readUIntBE(at, 3)
    const [kind = 0, flags = 0] = [message[at + 3], message[at + 4]]
    receive(kind, message.readUInt32BE(at + 5), message.subarray(at + 9, end), (flags & END) !== 0)
    at = end
  }
}

function receive(kind: number, id: number, payload: Buffer, isEnd: boolean): void {
  if (kind === HELLO) {
    gatewayWindow = JSON.parse(payload.toString()).window
    setInterval(() => send(PING, 0, Buffer.alloc(8)), 15_000)
    return
  }
  if (kind === PING) send(PONG, 0, payload)
  if (kind === OPEN) {
    const more = Promise.withResolvers<void>()
    streams.set(id, { head: readHead(payload), body: [], abort: new AbortController(), credit: gatewayWindow, more })
  }
  const stream = streams.get(id)
  if (stream === undefined) return
  if (kind === DATA) {
    stream.body.push(payload)
    // Taken into memory at once, so that there is room for as much again. A careful agent would bound it.
    if (!isEnd && payload.length > 0) send(CREDIT, id, u32(payload.length))
  } else if (kind === CREDIT) {
    stream.credit += payload.readUInt32BE(0)
    stream.more.resolve()
  } else if (kind === RESET) {
    streams.delete(id)
    stream.abort.abort()
    stream.more.resolve()
  }
  if (isEnd) void serve(id, stream)
}

/** Section 5. */
function readHead(payload: Buffer): RequestHead {
  let at = 1
  const number = () => {
    at += 2
    return payload.readUInt16BE(at - 2)
  }
  const next = () => {
    const length = number()
    at += length
    return payload.toString('latin1', at - length, at)
  }
  const [method, target] = [next(), next()]
  return { method, target, fields: Array.from({ length: number() }, () => [next(), next()]) }
}

async function serve(id: number, stream: Stream): Promise<void> {
  const { method, target, fields } = stream.head
  let code = REFUSED
  try {
    if (!ALLOWED.test(`${method} ${target}`)) return reset(id, DENIED, AGENT, 'This agent serves no such route.')
    const sent = fields.filter(([name]) => name === 'content-type' || name === 'accept')
    const init = { method, headers: sent, redirect: 'manual', signal: stream.abort.signal } as const
    const response = await fetch(
      upstream + target,
      method === 'POST' ? { ...init, body: Buffer.concat(stream.body) } : init,
    )
    const type = response.headers.get('content-type') ?? 'application/octet-stream'
    send(HEAD, id, Buffer.concat([u16(response.status), u16(1), word('content-type'), word(type)]))
    code = INTERRUPTED
    for await (const chunk of response.body ?? []) await sendBody(id, stream, chunk)
    send(DATA, id, Buffer.alloc(0), END)
    streams.delete(id)
  } catch {
    if (streams.has(id)) reset(id, code, UPSTREAM, 'The model server broke off.')
  }
}

/** Section 6: no more than there is credit for. */
async function sendBody(id: number, stream: Stream, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length && streams.has(id); ) {
    const length = Math.min(chunk.length - at, stream.credit, 16_384)
    if (length > 0) send(DATA, id, chunk.subarray(at, at + length))
    else await stream.more.promise
    if (length === 0) stream.more = Promise.withResolvers()
    stream.credit -= length
    at += length
  }
}

function reset(id: number, code: number, origin: number, why: string): void {
  streams.delete(id)
  send(RESET, id, Buffer.concat([u16(code), Buffer.from([origin]), Buffer.from(why)]))
}
