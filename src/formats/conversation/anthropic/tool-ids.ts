import { boundedId } from '../bounded-id.ts'

const ALLOWED = /^[a-zA-Z0-9_-]+$/
const OTHER = /[^a-zA-Z0-9_-]/gu

/** The ids that one call after another got under one id of the conversation. */
interface Given {
  readonly ids: string[]
  /** How many of them have their result. */
  answered: number
}

/**
 * The ids of calls as Anthropic takes them: of letters, digits, `_` and `-`, each once in a conversation. Others are
 * replaced, long ones by short ones, and always by the same ones, so that the beginning of a conversation stays the same
 * when it grows.
 */
export class ToolIds {
  readonly #given = new Map<string, Given>()
  readonly #taken = new Set<string>()
  readonly #twins = new Map<string, number>()

  /** Of the next call. */
  ofCall(id: string): string {
    const own = this.#own(allowed(id))
    this.#taken.add(own)
    const given = this.#given.get(id)
    if (given === undefined) this.#given.set(id, { ids: [own], answered: 0 })
    else given.ids.push(own)
    return own
  }

  /** Of the next result: calls of one id get theirs in their order. */
  ofResult(id: string): string {
    const given = this.#given.get(id)
    if (given === undefined) return allowed(id)
    const own = given.ids[Math.min(given.answered, given.ids.length - 1)]
    given.answered++
    return own ?? allowed(id)
  }

  #own(id: string): string {
    let own = id
    for (let twin = this.#twins.get(id) ?? 2; this.#taken.has(own); twin++) {
      own = `${id}_${twin}`
      this.#twins.set(id, twin + 1)
    }
    return own
  }
}

function allowed(given: string): string {
  const id = boundedId(given)
  if (ALLOWED.test(id)) return id
  return id === '' ? 'call' : id.replace(OTHER, (other) => `_${other.codePointAt(0)?.toString(16)}_`)
}
