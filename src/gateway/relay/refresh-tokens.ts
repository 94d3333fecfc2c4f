import { timingSafeEqual } from 'node:crypto'
import { randomId } from '../../core/id.ts'
import { Secret } from '../../core/secret.ts'
import { newToken, type TokenText } from '../../core/token-text.ts'

/** Crockford's base 32, as of ids. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TURN_LENGTH = 8
/** 90 bits, beside the 130 of the seal: who has one token of a tunnel can guess no other. */
const RANDOM_LENGTH = 18
const SEAL_LENGTH = 26
const TEXT = new RegExp(
  `^(pr_[${ALPHABET}]+_([${ALPHABET}]{${TURN_LENGTH}})[${ALPHABET}]{${RANDOM_LENGTH}})([${ALPHABET}]{${SEAL_LENGTH}})$`,
)

/**
 * The texts of refresh tokens. Each says the how manieth of its tunnel it is, under a seal that only the gateway can make:
 * so one that was given out long ago is known for what it is, though nothing of it is kept.
 */
export class RefreshTokens {
  readonly #hash: (text: string) => Buffer

  /** @param hash what is stored of a token, 32 bytes: `hashSecret` under the gateway's pepper */
  constructor(hash: (text: string) => Buffer) {
    this.#hash = hash
  }

  /** The first of a tunnel's credential. */
  first(): TokenText {
    const { id } = newToken('pr')
    return { id, text: this.next(id, 0) }
  }

  /** Another of the same credential. */
  next(id: string, turn: number): Secret {
    const open = `pr_${id}_${encode(turn)}${randomId(RANDOM_LENGTH)}`
    return new Secret(open + this.#sealOf(open))
  }

  /** The how manieth a token is; `undefined` for what the gateway has not made, and for those of before there were turns. */
  turnOf(text: string): number | undefined {
    const [, open = '', turn = '', seal = ''] = TEXT.exec(text) ?? []
    // As much work for a text that is none.
    return isSameText(this.#sealOf(open), seal) ? decode(turn) : undefined
  }

  #sealOf(open: string): string {
    const bytes = this.#hash(`refresh token ${open}`).subarray(0, SEAL_LENGTH)
    return [...bytes].map((byte) => ALPHABET[byte & 31]).join('')
  }
}

function isSameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

function encode(turn: number): string {
  let text = ''
  for (let left = turn; text.length < TURN_LENGTH; left = Math.floor(left / 32)) text = `${ALPHABET[left % 32]}${text}`
  return text
}

function decode(text: string): number {
  return [...text].reduce((turn, symbol) => turn * 32 + ALPHABET.indexOf(symbol), 0)
}
