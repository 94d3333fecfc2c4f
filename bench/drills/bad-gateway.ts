// A process that pairs any agent and then does its worst to it: floods each link with what it was last told by its parent.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { FRAME, STREAM_KIND } from '../../src/protocol/codes.ts'
import { ackFrame, goAwayFrame, openFrame, pingFrame, resetFrame } from '../../src/protocol/frame-writer.ts'
import { encodeRequestHead } from '../../src/protocol/head.ts'
import { MAX_MESSAGE_BYTES } from '../../src/protocol/limits.ts'
import { rawFrame } from '../../test/support/protocol-frames.ts'
import { gatewayHello } from '../../test/support/raw-tunnel-peer.ts'

const FOREVER_S = 100_000
let kind = 'none'
process.on('message', (told) => {
  kind = String(told)
})

const http = createServer((req, res) => {
  req.resume()
  const tokens = { token_type: 'Bearer', access_token: 'a', refresh_token: 'b', tunnel_id: 'tun_bad', label: 'bad' }
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ ...tokens, expires_in: FOREVER_S }))
})
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, handleProtocols: () => 'punku.1' })
sockets.on('connection', (socket) => void flood(socket).catch(() => {}))
http.listen(0, '127.0.0.1')
await once(http, 'listening')
process.send?.({ port: (http.address() as AddressInfo).port })

async function flood(socket: WebSocket): Promise<void> {
  socket.on('error', () => {})
  await once(socket, 'message')
  socket.send(gatewayHello({ tokenExpiresInMs: FOREVER_S * 1_000 }))
  let lastId = -1
  const newId = (): number => {
    lastId += 2
    return lastId
  }
  while (socket.readyState === socket.OPEN) {
    if (kind === 'socketPings') for (let at = 0; at < 1_000; at++) socket.ping()
    else if (kind !== 'none') socket.send(Buffer.concat(messageOf(kind, newId)))
    do await new Promise((resolve) => setTimeout(resolve, kind === 'none' ? 20 : 0))
    while (socket.bufferedAmount > 4_000_000)
  }
}

/** The frames of one message, as many as it may hold. */
function messageOf(kind: string, newId: () => number): Buffer[] {
  const frames: Buffer[] = []
  let bytes = 0
  for (;;) {
    const added = framesOf(kind, newId)
    for (const frame of added) bytes += frame.length
    if (bytes > MAX_MESSAGE_BYTES) return frames
    frames.push(...added)
  }
}

function framesOf(kind: string, newId: () => number): Buffer[] {
  const head = (target: string) => encodeRequestHead({ method: 'GET', target, fields: [] })
  switch (kind) {
    case 'pings':
      return [pingFrame(Buffer.alloc(8))]
    case 'goAways':
      return [goAwayFrame('restart', '')]
    case 'acks':
      return [ackFrame(0)]
    case 'optional':
      return [rawFrame(0x80, 0, 0, Buffer.alloc(0))]
    // Streams of a kind that is not known; that the agent's rules deny; that are taken back at once.
    case 'unknownOpens':
      return [rawFrame(FRAME.open, 1, newId(), Buffer.from([9]))]
    case 'deniedOpens':
      return [openFrame(newId(), STREAM_KIND.http, head('/secret'), true)]
    default: {
      const id = newId()
      const open = openFrame(id, STREAM_KIND.http, head('/api/version'), true)
      return [open, resetFrame(id, { code: 'cancelled', origin: 'client', text: '' })]
    }
  }
}
