// One client with large bodies, in a process of its own: raw HTTP/1.1 on `net`, as the load is.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Target } from './load-requests.ts'
import { serveCalls } from './worker-calls.ts'

/** What it can be told to do; each gives the time from connecting to the last byte of the answer. */
export interface BulkCalls {
  /** Sends that many bytes as the weights of a model. */
  upload(args: Target & { readonly bytes: number }): { readonly ms: number }
  /** Asks for an answer of that many bytes. */
  download(args: Target & { readonly bytes: number }): { readonly ms: number }
}

const DIGEST = 'a'.repeat(64)
const LAST_CHUNK = '0\r\n\r\n'
/** One piece of a body, sent again and again: what is in it is nobody's to look at. */
const PIECE = randomBytes(65_536)

serveCalls<BulkCalls>({
  upload: (args) => timed(args, upload),
  download: (args) => timed(args, download),
})

type Transfer = (socket: Socket, target: Target & { readonly bytes: number }) => Promise<void>

async function timed(args: Parameters<Transfer>[1], transfer: Transfer): Promise<{ readonly ms: number }> {
  const startedAtMs = performance.now()
  const socket = connect({ host: '127.0.0.1', port: args.port, noDelay: true })
  await once(socket, 'connect')
  await transfer(socket, args)
  const ms = performance.now() - startedAtMs
  socket.destroy()
  return { ms }
}

async function upload(socket: Socket, { port, key, bytes }: Target & { readonly bytes: number }): Promise<void> {
  const answered = readAnswer(socket)
  socket.write(
    `POST /api/blobs/sha256:${DIGEST} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: application/octet-stream\r\ncontent-length: ${bytes}\r\n\r\n`,
  )
  for (let left = bytes; left > 0; left -= PIECE.length) {
    const isTaken = socket.write(PIECE.subarray(0, left))
    // An answer that comes before the whole body is a refusal, and says why.
    if (!isTaken) await Promise.race([once(socket, 'drain'), answered])
  }
  const { status, text } = await answered
  if (status !== 201) throw new Error(`the upload was not taken: ${text}`)
}

async function download(socket: Socket, { port, key, bytes }: Target & { readonly bytes: number }): Promise<void> {
  const answered = readAnswer(socket)
  const body = JSON.stringify({ model: 'bench', messages: [], user: 'bulk', seed: bytes })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const { status, bodyBytes, text } = await answered
  if (status !== 200 || bodyBytes < bytes) throw new Error(`not ${bytes} bytes but ${bodyBytes}: ${text}`)
}

interface Answer {
  readonly status: number
  /** Of its body, with the framing of chunks. */
  readonly bodyBytes: number
  /** Its beginning. */
  readonly text: string
}

/** Reads the answer to the request that is about to be sent, and keeps its beginning only. */
function readAnswer(socket: Socket): Promise<Answer> {
  const answered = new Promise<Answer>((resolve, reject) => {
    let head = ''
    let tail = ''
    let bodyAt = -1
    let received = 0
    /** `undefined`: it comes in chunks. */
    let length: number | undefined
    socket.on('data', (data: Buffer) => {
      received += data.length
      if (bodyAt === -1) {
        head += data.toString('latin1')
        const headEnd = head.indexOf('\r\n\r\n')
        if (headEnd === -1) return
        bodyAt = headEnd + 4
        const named = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, headEnd))?.[1]
        length = named === undefined ? undefined : Number(named)
      }
      tail = (tail + data.toString('latin1', Math.max(0, data.length - LAST_CHUNK.length))).slice(-LAST_CHUNK.length)
      const isWhole = length === undefined ? tail === LAST_CHUNK : received >= bodyAt + length
      if (isWhole)
        resolve({ status: Number(head.slice(9, 12)), bodyBytes: received - bodyAt, text: head.slice(0, 400) })
    })
    socket.once('close', () => reject(new Error(`the connection closed under a transfer; got: ${head.slice(0, 400)}`)))
    socket.once('error', reject)
  })
  answered.catch(() => {})
  return answered
}
