import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { FRAME, STREAM_KIND } from '../../src/protocol/codes.ts'
import { openFrame, pingFrame } from '../../src/protocol/frame-writer.ts'
import { encodeRequestHead, encodeResponseHead, type RequestHead, type ResponseHead } from '../../src/protocol/head.ts'
import type { AgentHello, GatewayHello } from '../../src/protocol/hello.ts'
import { SUBPROTOCOL } from '../../src/protocol/limits.ts'
import { type ReadFrame, rawFrame, readFrames } from './protocol-frames.ts'

/** The frames of a kind. */
export type FrameOf<Kind, Frame = ReadFrame> = Frame extends { readonly is: infer Is }
  ? Kind extends Is
    ? Frame
    : never
  : never

/** One end of a link whose frames a test writes by hand, so that it can break every rule. */
export class RawPeer {
  readonly socket: WebSocket
  /** Every message that has come. */
  readonly messages: Buffer[] = []
  /** The frames of all of them. */
  readonly frames: ReadFrame[] = []
  /** How the other side closed, or 1006. */
  readonly closed: Promise<{ readonly code: number; readonly text: string }>
  readonly #lookers = new Set<() => void>()

  constructor(socket: WebSocket) {
    this.socket = socket
    const closed = Promise.withResolvers<{ readonly code: number; readonly text: string }>()
    this.closed = closed.promise
    socket.on('message', (message: Buffer) => {
      this.messages.push(message)
      this.frames.push(...readFrames(message))
      for (const look of [...this.#lookers]) look()
    })
    socket.on('close', (code, text) => {
      closed.resolve({ code, text: text.toString() })
      for (const look of [...this.#lookers]) look()
    })
    socket.on('error', () => {})
  }

  /** Sends the frames as one message. */
  send(...frames: readonly Buffer[]): void {
    this.socket.send(Buffer.concat(frames))
  }

  /** What `find` finds among the frames, once it does. Rejects when the link closes before. */
  until<Found>(find: (frames: readonly ReadFrame[]) => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find(this.frames)
        const isClosed = this.socket.readyState === WebSocket.CLOSED
        if (found !== undefined) resolve(found)
        else if (isClosed) reject(new Error('the link closed before it came'))
        if (found === undefined && !isClosed) this.#lookers.add(look)
        else this.#lookers.delete(look)
      }
      look()
    })
  }

  /** The first frame of that kind, once it has come. */
  first<Kind extends ReadFrame['is']>(kind: Kind): Promise<FrameOf<Kind>> {
    return this.until((frames) => frames.find((frame) => frame.is === kind) as FrameOf<Kind> | undefined)
  }

  /** The id of the stream that asks for that target, once it has come. */
  stream(target: string): Promise<number> {
    return this.until((frames) => {
      for (const frame of frames) if (frame.is === 'open' && frame.head.includes(target)) return frame.streamId
      return undefined
    })
  }

  /** Resolves once the other side has read all that was sent before, and has sent what it had to say to it. */
  async settled(): Promise<void> {
    await this.#ping()
    // Answers to PINGs go at once, all else at the end of a turn.
    await this.#ping()
  }

  async #ping(): Promise<void> {
    const content = Buffer.alloc(8)
    content.writeUInt32BE(++pings, 0)
    this.send(pingFrame(content))
    await this.until((frames) => frames.find((frame) => frame.is === 'pong' && frame.content.equals(content)))
  }
}

let pings = 0

/** Connects as an agent would; nothing is said yet. Rejects when the answer is another than to switch protocols. */
export async function dialRaw(port: number, options: ClientOptions = {}): Promise<RawPeer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, SUBPROTOCOL, { perMessageDeflate: false, ...options })
  const peer = new RawPeer(socket)
  await once(socket, 'open')
  return peer
}

/** The payload of a HELLO, with other fields than the usual where they are given; `undefined` takes one out. */
export function agentHello(given: { readonly [Field in keyof AgentHello]?: unknown } = {}): Buffer {
  const usual = {
    software: 'raw/1',
    capabilities: ['http', 'resume'],
    window: 65_536,
    streams: 64,
    heartbeatMs: 15_000,
    instance: 'raw',
  }
  return rawFrame(FRAME.hello, 0, 0, Buffer.from(JSON.stringify({ ...usual, ...given })))
}

/** The same of a gateway. */
export function gatewayHello(given: { readonly [Field in keyof GatewayHello]?: unknown } = {}): Buffer {
  const usual = {
    software: 'raw/1',
    capabilities: ['http', 'resume'],
    window: 65_536,
    streams: 0,
    heartbeatMs: 15_000,
    session: 's1',
    resumed: false,
    received: 0,
    resumeWindowMs: 30_000,
    tunnel: { id: 'tun_raw', label: 'raw' },
    tokenExpiresInMs: 900_000,
  }
  return rawFrame(FRAME.hello, 0, 0, Buffer.from(JSON.stringify({ ...usual, ...given })))
}

/** A whole OPEN. */
export function openOf(
  streamId: number,
  { isEnd = true, ...head }: Partial<RequestHead> & { isEnd?: boolean } = {},
): Buffer {
  const bytes = encodeRequestHead({ method: 'GET', target: '/x', fields: [], ...head })
  return openFrame(streamId, STREAM_KIND.http, bytes, isEnd)
}

/** A whole HEAD. */
export function headOf(
  streamId: number,
  { isEnd = false, ...head }: Partial<ResponseHead> & { isEnd?: boolean } = {},
): Buffer {
  return rawFrame(FRAME.head, isEnd ? 1 : 0, streamId, encodeResponseHead({ status: 200, fields: [], ...head }))
}

/** A DATA frame. */
export function dataOf(streamId: number, data: Buffer | string, isEnd = false): Buffer {
  return rawFrame(FRAME.data, isEnd ? 1 : 0, streamId, Buffer.from(data))
}

/** A gateway for agents to connect to, whose side of each link is a `RawPeer`. */
export interface RawGateway extends AsyncDisposable {
  readonly port: number
  /** The next link that is opened. */
  accept(): Promise<RawPeer>
}

/** Starts one on a free port. */
export async function startRawGateway(): Promise<RawGateway> {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    port: (http.address() as AddressInfo).port,
    accept: () => new Promise((resolve) => sockets.once('connection', (socket) => resolve(new RawPeer(socket)))),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.close()
      await once(http, 'close')
    },
  }
}
