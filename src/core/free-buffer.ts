/** Below this the garbage collector is as good, bytes. */
const WORTH_BYTES = 1_048_576

/**
 * Gives the memory of a large buffer back at once: the collector comes when it comes, and forty bodies that were refused may
 * be a gigabyte by then. Only for whoever knows that nobody else sees that memory; the buffer is empty afterwards.
 */
export function freeBuffer(bytes: Buffer): void {
  const { buffer } = bytes
  if (buffer.byteLength >= WORTH_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
