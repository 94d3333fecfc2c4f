import { createHmac, timingSafeEqual } from 'node:crypto'
import { derivedKey } from '../../core/derived-key.ts'
import { randomId } from '../../core/id.ts'
import type { Secret } from '../../core/secret.ts'

/** Keeps this key apart from all else that is made from the pepper. */
const KEY_LABEL = 'punku known device 1'
const NAME_START = 'device_'
const TAG_LENGTH = 12
const NONCE_LENGTH = 26
/** Of people who sign in in one browser; a shared one must not fill its requests' heads. */
const MAX_COOKIES = 8

/** One of ours, as a browser sends it. */
interface DeviceCookie {
  readonly name: string
  readonly issuedAt: number
  readonly nonce: string
  readonly mac: string
}

/**
 * What a browser keeps of an account that signed in in it, also once it has signed out: it signs nobody in, it only tells
 * that browser from those of strangers. Each account has one of its own.
 */
export class DeviceCookies {
  readonly #key: Buffer
  readonly #lifeMs: number

  /** @param secret what `signInSecret` gives */
  constructor(secret: Secret, lifeMs: number) {
    this.#key = derivedKey(secret, KEY_LABEL)
    this.#lifeMs = lifeMs
  }

  /** A new one for an account; its name has no prefix yet. */
  issue(email: string, at: number): { readonly name: string; readonly value: string } {
    const nonce = randomId(NONCE_LENGTH)
    const value = `${at}.${nonce}.${this.#mac(email, at, nonce).toString('base64url')}`
    return { name: this.#nameOf(email), value }
  }

  /** What stands for this browser, if the account has signed in in it. */
  find(cookies: string | null, email: string, now: number): string | undefined {
    const name = this.#nameOf(email)
    for (const { name: sent, issuedAt, nonce, mac } of read(cookies)) {
      const age = now - issuedAt
      if (!sent.endsWith(name) || age < 0 || age > this.#lifeMs) continue
      if (timingSafeEqual(Buffer.from(mac, 'base64url'), this.#mac(email, issuedAt, nonce))) return nonce
    }
    return undefined
  }

  /** The names of those that are to go when the one of `email` is set: the oldest, where there are too many. */
  surplus(cookies: string | null, email: string): readonly string[] {
    const own = this.#nameOf(email)
    const others = read(cookies).filter(({ name }) => !name.endsWith(own))
    return others
      .sort((one, other) => other.issuedAt - one.issuedAt)
      .slice(MAX_COOKIES - 1)
      .map(({ name }) => name.slice(name.indexOf(NAME_START)))
  }

  /** The name tells nobody whose it is. */
  #nameOf(email: string): string {
    const tag = createHmac('sha256', this.#key).update(`name ${email.toLowerCase()}`).digest('hex')
    return `${NAME_START}${tag.slice(0, TAG_LENGTH)}`
  }

  #mac(email: string, at: number, nonce: string): Buffer {
    return createHmac('sha256', this.#key).update(`${email.toLowerCase()} ${at} ${nonce}`).digest()
  }
}

function read(cookies: string | null): DeviceCookie[] {
  return (cookies ?? '').split(/; */).flatMap((cookie) => {
    const match = /^([\w.-]*device_[0-9a-f]{12})=(\d{1,15})\.([a-z0-9]{26})\.([A-Za-z0-9_-]{43})$/i.exec(cookie)
    const [, name, issuedAt, nonce, mac] = match ?? []
    if (name === undefined || nonce === undefined || mac === undefined) return []
    return [{ name, issuedAt: Number(issuedAt), nonce, mac }]
  })
}
