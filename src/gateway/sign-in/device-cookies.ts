import { createHmac, timingSafeEqual } from 'node:crypto'
import { derivedKey } from '../../core/derived-key.ts'
import { randomId } from '../../core/id.ts'
import type { Secret } from '../../core/secret.ts'

/** Keeps this key apart from all else that is made from the pepper. */
const KEY_LABEL = 'punku known device 1'
const NAME_START = 'device_'
/** Enough that none is made for another's account by trying addresses. */
const TAG_LENGTH = 24
const NONCE_LENGTH = 26
/** Of people who sign in in one browser; a shared one must not fill its requests' heads. */
const MAX_COOKIES = 8

/** One that may be ours, as a browser sends it. */
interface DeviceCookie {
  readonly name: string
  /** Stands for the account. */
  readonly tag: string
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
    const tag = this.#tagOf(email)
    const nonce = randomId(NONCE_LENGTH)
    return { name: `${NAME_START}${tag}`, value: `${at}.${nonce}.${this.#mac(tag, at, nonce).toString('base64url')}` }
  }

  /** What stands for this browser, if the account has signed in in it. */
  find(cookies: string | null, email: string, now: number): string | undefined {
    return this.#first(cookies, now, this.#tagOf(email))?.nonce
  }

  /** What stands for an account that has signed in in this browser. Default for `email`: any. */
  accountOf(cookies: string | null, now: number, email?: string): string | undefined {
    return this.#first(cookies, now, email === undefined ? undefined : this.#tagOf(email))?.tag
  }

  /** The names of those that are to go when the one of `email` is set: the oldest, where there are too many. */
  surplus(cookies: string | null, email: string): readonly string[] {
    const own = this.#tagOf(email)
    const others = read(cookies).filter(({ tag }) => tag !== own)
    return others
      .sort((one, other) => other.issuedAt - one.issuedAt)
      .slice(MAX_COOKIES - 1)
      .map(({ name }) => name.slice(name.indexOf(NAME_START)))
  }

  #first(cookies: string | null, now: number, ofAccount: string | undefined): DeviceCookie | undefined {
    return read(cookies).find(({ tag, issuedAt, nonce, mac }) => {
      const age = now - issuedAt
      if ((ofAccount !== undefined && tag !== ofAccount) || age < 0 || age > this.#lifeMs) return false
      return timingSafeEqual(Buffer.from(mac, 'base64url'), this.#mac(tag, issuedAt, nonce))
    })
  }

  /** It tells nobody whose it is. */
  #tagOf(email: string): string {
    const whole = createHmac('sha256', this.#key).update(`name ${email.toLowerCase()}`).digest('hex')
    return whole.slice(0, TAG_LENGTH)
  }

  #mac(tag: string, at: number, nonce: string): Buffer {
    return createHmac('sha256', this.#key).update(`${tag} ${at} ${nonce}`).digest()
  }
}

function read(cookies: string | null): DeviceCookie[] {
  return (cookies ?? '').split(/; */).flatMap((cookie) => {
    const match = /^([\w.-]*device_([0-9a-f]{24}))=(\d{1,15})\.([a-z0-9]{26})\.([A-Za-z0-9_-]{43})$/i.exec(cookie)
    const [, name, tag, issuedAt, nonce, mac] = match ?? []
    if (name === undefined || tag === undefined || nonce === undefined || mac === undefined) return []
    return [{ name, tag, issuedAt: Number(issuedAt), nonce, mac }]
  })
}
