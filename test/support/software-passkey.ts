import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What an authenticator says of who was there (WebAuthn §6.1). */
export const PRESENT = 0x01
export const VERIFIED = 0x04
const HAS_CREDENTIAL = 0x40

/** What a passkey does otherwise than it should. */
export interface PasskeyAct {
  /** The page that asks. Default: the site. */
  readonly origin?: string
  /** Default: `localhost`. */
  readonly rpId?: string
  /** Default: somebody is present, and it has checked who. */
  readonly flags?: number
  /** Default: one more than before. */
  readonly counter?: number
  /** Default: that of what is done. */
  readonly type?: string
  /** Default: none. */
  readonly userHandle?: string
  /** What vouches for the passkey: the format, and its statement as CBOR. Default: nothing. */
  readonly attestation?: { readonly format: string; readonly statement: Buffer }
}

/** A passkey in software, which does whatever it is told. It answers as a browser's `toJSON` does. */
export class SoftwarePasskey {
  readonly id: Buffer
  counter = 0
  readonly #origin: string
  readonly #privateKey: KeyObject
  readonly #publicKey: Buffer

  constructor(origin: string, { id = randomBytes(32) }: { readonly id?: Buffer } = {}) {
    this.id = id
    this.#origin = origin
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    this.#privateKey = privateKey
    const point = (text: string) => cborBytes(Buffer.from(text, 'base64url'))
    // COSE: an EC2 key (1: 2) for ES256 (3: -7) on P-256 (-1: 1).
    this.#publicKey = Buffer.concat([Buffer.from('a5010203262001', 'hex'), hex('21'), point(x), hex('22'), point(y)])
  }

  /** The answer to `navigator.credentials.create`. */
  create(challenge: string, act: PasskeyAct = {}) {
    const { attestation = { format: 'none', statement: hex('a0') } } = act
    const length = Buffer.alloc(2)
    length.writeUInt16BE(this.id.length)
    const credential = Buffer.concat([Buffer.alloc(16), length, this.id, this.#publicKey])
    const flags = (act.flags ?? PRESENT | VERIFIED) | HAS_CREDENTIAL
    const data = Buffer.concat([this.#head({ ...act, flags, counter: act.counter ?? this.counter }), credential])
    const object = Buffer.concat([
      hex('a3'),
      ...[cborText('fmt'), cborText(attestation.format), cborText('attStmt'), attestation.statement],
      ...[cborText('authData'), cborBytes(data)],
    ])
    const clientDataJSON = this.#clientData('webauthn.create', challenge, act)
    return this.#answer({
      clientDataJSON: clientDataJSON.toString('base64url'),
      attestationObject: object.toString('base64url'),
      transports: ['internal'],
    })
  }

  /** The answer to `navigator.credentials.get`. */
  get(challenge: string, act: PasskeyAct = {}) {
    this.counter = act.counter ?? this.counter + 1
    const data = this.#head({ ...act, counter: this.counter })
    const clientDataJSON = this.#clientData('webauthn.get', challenge, act)
    const signed = Buffer.concat([data, createHash('sha256').update(clientDataJSON).digest()])
    return this.#answer({
      clientDataJSON: clientDataJSON.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, this.#privateKey).toString('base64url'),
      ...(act.userHandle !== undefined && { userHandle: act.userHandle }),
    })
  }

  #clientData(type: string, challenge: string, act: PasskeyAct): Buffer {
    const origin = act.origin ?? this.#origin
    return Buffer.from(JSON.stringify({ type: act.type ?? type, challenge, origin, crossOrigin: false }))
  }

  #head({ rpId = 'localhost', flags = PRESENT | VERIFIED, counter = 0 }: PasskeyAct): Buffer {
    const rest = Buffer.alloc(5)
    rest.writeUInt8(flags)
    rest.writeUInt32BE(counter, 1)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), rest])
  }

  #answer(response: Readonly<Record<string, unknown>>) {
    const id = this.id.toString('base64url')
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} }
  }
}

const hex = (text: string) => Buffer.from(text, 'hex')

/** Text as CBOR, up to 23 bytes. */
export function cborText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x60 | bytes.length]), bytes])
}

/** Bytes as CBOR, up to 64 KiB. */
export function cborBytes(bytes: Buffer): Buffer {
  const { length } = bytes
  const head = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), bytes])
}
