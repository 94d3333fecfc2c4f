// A process that does its worst to a gateway, of the kind it is told, until it is killed.
import { once } from 'node:events'
import { connect } from 'node:net'
import { brotliCompressSync } from 'node:zlib'
import { FRAME } from '../../src/protocol/codes.ts'
import { ackFrame, creditFrame, goAwayFrame, pingFrame, pongFrame } from '../../src/protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../../src/protocol/limits.ts'
import { rawFrame } from '../../test/support/protocol-frames.ts'
import { agentHello, dialRaw, headOf, type RawPeer } from '../../test/support/raw-tunnel-peer.ts'
import { pause } from './clients.ts'

const [kind = '', portText = '', secret = ''] = process.argv.slice(2)
const port = Number(portText)
const EMPTY = Buffer.alloc(0)
/** The model that it is about stands at its very end: it has to be read to there. */
const LATE = Buffer.from(`{"pad":"${'a'.repeat(32_000_000)}","model":"other"}`)

/** Frames that an agent repeats, as many as a message holds. */
const FRAMES: Readonly<Record<string, Buffer>> = {
  pings: pingFrame(Buffer.alloc(8)),
  pongs: pongFrame(Buffer.alloc(8)),
  acks: ackFrame(0),
  goAways: goAwayFrame('stopping', ''),
  optional: rawFrame(0x80, 0, 0, EMPTY),
  credits: creditFrame(1, 0),
  data: rawFrame(FRAME.data, 0, 1, Buffer.from('a')),
}

const frame = FRAMES[kind]
if (frame !== undefined) await asAgent(frame)
else if (kind === 'socketPings') await asAgent(undefined)
else if (kind === 'bombs')
  await withBodies(brotliCompressSync(Buffer.alloc(60_000_000, 0x61)), 'content-encoding: br\r\n')
else if (kind === 'bodies') await withBodies(LATE, '')
else throw new Error(`there is no flood of '${kind}'`)

/** Opens link after link, and sends on each as fast as it is read, until it is ended. */
async function asAgent(repeated: Buffer | undefined): Promise<never> {
  for (;;) {
    const peer = await dialRaw(port, { headers: { authorization: `Bearer ${secret}` } }).catch(() => undefined)
    if (peer === undefined) await pause(20)
    else await flood(peer, repeated).catch(() => {})
  }
}

async function flood(peer: RawPeer, repeated: Buffer | undefined): Promise<void> {
  const { socket } = peer
  peer.send(agentHello())
  await peer.first('hello')
  // The gateway has asked for something: from now on there may be bytes of an answer.
  peer.send(headOf(await peer.stream('/api/version')))
  const message = repeated && Buffer.alloc(Math.floor(MAX_MESSAGE_BYTES / repeated.length) * repeated.length, repeated)
  while (socket.readyState === socket.OPEN) {
    if (message === undefined) for (let at = 0; at < 1_000; at++) socket.ping()
    else socket.send(message)
    while (socket.bufferedAmount > 4_000_000 && socket.readyState === socket.OPEN) await pause(1)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Forty requests at a time with a key that may use no model, each with that body. */
async function withBodies(body: Buffer, headers: string): Promise<never> {
  const head =
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${secret}\r\n` +
    `content-type: application/json\r\n${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n`
  const again = async (): Promise<never> => {
    for (;;) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(head)
      socket.write(body)
      socket.resume()
      await once(socket, 'close').catch(() => {})
      await pause(5)
    }
  }
  return await Promise.race(Array.from({ length: 40 }, again))
}
