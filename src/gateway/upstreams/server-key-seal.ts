import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { derivedKey } from '../../core/derived-key.ts'
import { Secret } from '../../core/secret.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Keeps this key apart from all else that is made from the pepper. */
const KEY_LABEL = 'punku server key 1'

/** What a sealed key is for: it opens for nothing else, whoever moves it in the database. */
export interface SealedFor {
  /** The upstream's id. */
  readonly id: string
  /** Where it is sent. */
  readonly url: string
}

/** Seals the keys that model servers ask for, so that the database alone gives none of them away. */
export class ServerKeySeal {
  readonly #key: KeyObject

  /** @param pepper the gateway's; every gateway that shares it opens what the others sealed */
  constructor(pepper: Secret) {
    this.#key = createSecretKey(derivedKey(pepper, KEY_LABEL))
  }

  /** The key as text to be stored; never the same twice. */
  seal(key: Secret, place: SealedFor): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(boundTo(place))
    const sealed = Buffer.concat([cipher.update(key.reveal(), 'utf8'), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')
  }

  /** @throws Error when it was sealed under another pepper or for another upstream or URL, or was changed since. */
  open(text: string, place: SealedFor): Secret {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) throw new Error('a sealed server key is too short to be one')
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(place))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const key = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    return new Secret(key.toString('utf8'))
  }
}

function boundTo({ id, url }: SealedFor): Buffer {
  return Buffer.from(JSON.stringify([id, url]))
}
