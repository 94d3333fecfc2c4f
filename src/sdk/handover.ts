import { type Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** They speak of one connection alone, and the next has its own. */
const HOP: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect'],
])

/** What it said of where it came from is for whoever stands before the gateway to say. */
const FORWARDED: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'],
])

/**
 * Puts back the head that Node's server read from a connection, so that another can read it: for the `upgrade` event alone, at
 * which nobody reads the connection any more.
 * @throws TypeError for what is no socket, as that of HTTP/2
 */
export function withHeadAgain({ method, url, rawHeaders }: IncomingMessage, socket: Duplex, rest: Buffer): Socket {
  if (!(socket instanceof Socket)) throw new TypeError('the connection must be a socket of node:net or node:tls')
  let head = `${method} ${url} HTTP/1.1\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2) head += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  socket.unshift(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), rest]))
  return socket
}

/**
 * Whether a request that offers another protocol has a body: Node has read that before its `upgrade` event, so that the connection
 * cannot be given on.
 */
export function hasReadBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Where a request is carried to, and where it came from. */
export interface Handover {
  /** Of the gateway, on loopback. */
  readonly port: number
  readonly agent: Agent
  /** Default: the other end of the request's connection. */
  readonly clientAddress: string | undefined
}

/** Carries a request of Node's server to a gateway on this machine and its answer back, each piece as it comes. */
export function carryOver(
  req: IncomingMessage,
  res: ServerResponse,
  { port, agent, clientAddress = req.socket.remoteAddress ?? '' }: Handover,
): void {
  const headers = passedOn(req.rawHeaders, FORWARDED)
  headers.push('x-forwarded-for', clientAddress)
  headers.push('x-forwarded-proto', req.socket instanceof TLSSocket ? 'https' : 'http')
  const isChunked = req.headers['transfer-encoding'] !== undefined
  if (isChunked) headers.push('transfer-encoding', 'chunked')
  const { method, url: path } = req
  // `setHost` would add a second one.
  const hop = request({ host: '127.0.0.1', port, method, path, headers, agent, setHost: false })
  hop.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer.rawHeaders))
    res.flushHeaders()
    answer.pipe(res)
    // An answer that broke off must not look whole.
    answer.once('error', () => res.destroy())
  })
  hop.once('error', () => {
    if (res.headersSent) res.destroy()
    else res.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '2' }).end('The gateway has stopped.\n')
  })
  res.once('close', () => {
    if (!res.writableFinished) hop.destroy()
  })
  req.pipe(hop)
}

function passedOn(raw: readonly string[], besides: ReadonlySet<string> = new Set()): string[] {
  const kept: string[] = []
  const named = namedByConnection(raw)
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (!HOP.has(name) && !besides.has(name) && !named.has(name)) kept.push(raw[at] ?? '', raw[at + 1] ?? '')
  }
  return kept
}

/** Fields that the sender says are of this connection (RFC 9110, section 7.6.1). */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> {
  const named = new Set<string>()
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() !== 'connection') continue
    for (const name of (raw[at + 1] ?? '').split(',')) named.add(name.trim().toLowerCase())
  }
  return named
}
