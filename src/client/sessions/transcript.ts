import type { SessionRecord } from './session-record.ts'

/** A line of a transcript. Nothing about its fields is taken for granted. */
export type TranscriptLine = Readonly<Record<string, unknown>>

/** Counts what the lines of one session tell, in whichever order its files come. */
export interface TranscriptCounter {
  add(line: TranscriptLine): void
  /** What was counted; `undefined`: the lines name no session, or no answer of a model. */
  record(): Omit<SessionRecord, 'label'> | undefined
}

const MAX_TOOL_NAMES = 200
const MAX_MODELS = 20
const OTHER_NAMES = '(other)'
const PLAIN_NAME = /^[\x20-\x7e]{1,128}$/

/** The value if it is an object, else an empty one. */
export function transcriptFields(value: unknown): TranscriptLine {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as TranscriptLine) : {}
}

/** The value if it is a plain short text. */
export function plainText(value: unknown): string | undefined {
  return typeof value === 'string' && PLAIN_NAME.test(value) ? value : undefined
}

/** The value if it is a count, else 0. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/** Calls of tools by name, each counted once by its id. */
export class CallsById {
  readonly #ids = new Set<string>()
  readonly #counts = new Map<string, number>()

  add(id: unknown, name: unknown): void {
    if (typeof name !== 'string' || name === '') return
    if (typeof id === 'string') {
      if (this.#ids.has(id)) return
      this.#ids.add(id)
    }
    const plain = plainText(name)
    const isKept = plain !== undefined && (this.#counts.has(plain) || this.#counts.size < MAX_TOOL_NAMES)
    const kept = isKept ? plain : OTHER_NAMES
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1)
  }

  /** Most calls first. */
  list(): { name: string; count: number }[] {
    const counts = [...this.#counts].map(([name, count]) => ({ name, count }))
    return counts.sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
  }
}

/** Names of models, each once. */
export class ModelNames {
  readonly #names = new Set<string>()

  add(value: unknown): void {
    const name = plainText(value)
    if (name !== undefined && this.#names.size < MAX_MODELS) this.#names.add(name)
  }

  list(): string[] {
    return [...this.#names]
  }
}

/** From when to when the lines tell of. */
export class TimeSpan {
  #first: number | undefined
  #last = 0

  add(timestamp: unknown): void {
    const at = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
    if (!Number.isSafeInteger(at) || at < 0) return
    this.#first = Math.min(this.#first ?? at, at)
    this.#last = Math.max(this.#last, at)
  }

  get firstAt(): number | null {
    return this.#first ?? null
  }

  get wallMs(): number | null {
    return this.#first === undefined ? null : this.#last - this.#first
  }
}
