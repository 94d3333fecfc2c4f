/** RFC 8446, section 5.1: what a record of TLS begins with, an alert or a handshake. Nothing of HTTP does. */
const ALERT = 0x15
const HANDSHAKE = 0x16

/** Whether bytes that should be HTTP begin as TLS does. */
export function isTlsRecord(bytes: ArrayLike<number> | undefined): boolean {
  return bytes?.[0] === ALERT || bytes?.[0] === HANDSHAKE
}
