// The ceiling: what a proxy in this language costs that compares a key, rewrites two lines of a head and passes bytes, and
// does nothing else. It trusts what it is sent, counts and records nothing, and must never face a network.
// Usage: raw-proxy.ts PORT UPSTREAM_PORT, with the key in BENCH_KEY.
import { connect, createServer, type Socket } from 'node:net'

const [, , port = '', upstreamPort = ''] = process.argv
const key = `authorization: bearer ${(process.env['BENCH_KEY'] ?? '').toLowerCase()}\r\n`
const REFUSAL = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

/** A client's connection, and the one by which its request is answered now. */
interface Client {
  readonly socket: Socket
  upstream: Socket | undefined
}

const idle: Socket[] = []
/** Whom an upstream connection answers; none: it is idle. */
const clients = new WeakMap<Socket, Client>()

createServer({ noDelay: true }, (socket) => {
  const client: Client = { socket, upstream: undefined }
  socket.on('error', () => socket.destroy())
  socket.on('close', () => client.upstream?.destroy())
  socket.on('data', (bytes: Buffer) => {
    const end = bytes.indexOf('\r\n\r\n')
    const head = bytes.toString('latin1', 0, end + 2)
    if (end === -1 || !head.toLowerCase().includes(key)) {
      socket.end(REFUSAL)
      return
    }
    const upstream = idle.pop() ?? open()
    client.upstream = upstream
    clients.set(upstream, client)
    const kept = head.replace(/\r\n(?:authorization|host):[^\r]*/gi, '')
    upstream.write(`${kept.slice(0, -2)}\r\nhost: 127.0.0.1\r\n\r\n${bytes.toString('latin1', end + 4)}`, 'latin1')
  })
}).listen(Number(port), '127.0.0.1')

function open(): Socket {
  const upstream = connect({ port: Number(upstreamPort), host: '127.0.0.1', noDelay: true })
  upstream.on('error', () => upstream.destroy())
  upstream.on('close', () => clients.get(upstream)?.socket.destroy())
  upstream.on('data', (bytes: Buffer) => {
    const client = clients.get(upstream)
    client?.socket.write(bytes)
    if (!endsAnswer(bytes)) return
    if (client !== undefined) client.upstream = undefined
    clients.delete(upstream)
    idle.push(upstream)
  })
  return upstream
}

/** Whether an answer of the bench's upstream ends here: with its last chunk, or in the piece that its head came in. */
function endsAnswer(bytes: Buffer): boolean {
  if (bytes.toString('latin1', bytes.length - 5) === '0\r\n\r\n') return true
  return bytes.toString('latin1', 0, 9) === 'HTTP/1.1 ' && bytes.toString('latin1', 0, 400).includes('content-length')
}
