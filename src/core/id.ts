import { randomBytes } from 'node:crypto'

const ALPHABET = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz', 'latin1')
const POOL_BYTES = 4096

let pool = Buffer.alloc(0)
let offset = 0

/** `length` random characters of Crockford's base 32 in lower case: 5 bits each, from the system's generator. */
export function randomId(length: number): string {
  // One system call fills the pool for hundreds of ids: this runs once per request.
  if (offset + length > pool.length) {
    pool = randomBytes(Math.max(POOL_BYTES, length))
    offset = 0
  }
  const end = offset + length
  for (let i = offset; i < end; i++) pool[i] = ALPHABET[(pool[i] as number) & 31] as number
  const id = pool.toString('latin1', offset, end)
  // A secret is made of these too: it must not stay behind.
  pool.fill(0, offset, end)
  offset = end
  return id
}

/** A new request id: `req_` and 20 characters (100 bits). */
export function newRequestId(): string {
  return `req_${randomId(20)}`
}
