import { isTlsRecord } from '../core/tls-record.ts'

/** What OpenSSL says where the other side answers a TLS handshake with something else, plain HTTP as a rule. */
const NO_TLS: ReadonlySet<unknown> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNKNOWN_PROTOCOL',
  'ERR_SSL_HTTP_REQUEST',
])
/** The same, where something was to be written meanwhile: Node then has no code of its own for it. */
const NO_TLS_WORDS = /wrong version number|packet length too long|unknown protocol/
/** Whether a failure of TLS means that the other side speaks none. */
export function speaksNoTls(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown)) return false
  return NO_TLS.has(thrown.code) || (thrown.code === 'EPROTO' && NO_TLS_WORDS.test(thrown.message))
}

/** Whether Node's parser failed on bytes that are TLS: it hands out what it could not read. */
export function brokeOnTls(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null || !('rawPacket' in thrown)) return false
  return thrown.rawPacket instanceof Uint8Array && isTlsRecord(thrown.rawPacket)
}

/** How servers that speak TLS refuse plain HTTP, where they do so in words: Go's, nginx, Apache. */
const REFUSES_PLAIN =
  /HTTP request (?:to|was sent to)(?: an?)? HTTPS (?:server|port)|speaking plain HTTP to an SSL-enabled server port/i

/** Whether an answer to plain HTTP says that TLS was expected. `beginning`: of its body. */
export function refusesPlain(status: number, beginning: string): boolean {
  return status === 400 && REFUSES_PLAIN.test(beginning)
}
