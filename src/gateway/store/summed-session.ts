import { addSums, noSums, type SessionSums } from '../../core/session-sums.ts'
import { toolCallsOf } from './tool-call-text.ts'
import type { CostOf } from './usage-repository.ts'

/** Names come from clients and models, and nothing else bounds them. What is beyond is summed under none, or one. */
const MAX_PARTS = 100
const MAX_TOOL_NAMES = 200
const OTHER_NAMES = '(other)'

/** The sums of some rows of a session that are alike. */
export interface SessionRows extends Omit<SessionSums, 'cost'> {
  readonly client: string | null
  readonly version: string | null
  readonly model: string | null
  /** As rows have it. */
  readonly toolCalls: string | null
  readonly status: number
  readonly errorCode: string | null
  readonly label: string | null
  readonly lastSeq: number
  readonly firstAt: number
  /** With a fraction. */
  readonly endedAt: number
}

/** What one tool did with one model in a session. */
export interface SessionPart {
  readonly client: string | null
  readonly version: string | null
  readonly model: string | null
  readonly sums: SessionSums
  readonly toolCalls: Map<string, number>
  firstAt: number
  endedAt: number
}

/** A session while it is summed, and after. */
export class SummedSession {
  readonly id: string
  readonly #costOf: CostOf | undefined
  readonly #parts = new Map<string, SessionPart>()
  readonly #errors = new Map<string, number>()
  #label: string | null = null
  #lastSeq = 0

  constructor(id: string, costOf: CostOf | undefined) {
    this.id = id
    this.#costOf = costOf
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0
  }

  /** Of several that were given, the last in the order of letters. */
  get label(): string | null {
    return this.#label
  }

  /** The number of the last of its rows. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** How many failed, by error code, or where there is none by status. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors
  }

  /** Those with most requests first. */
  get parts(): readonly SessionPart[] {
    return [...this.#parts.values()].sort((one, other) => other.sums.requests - one.sums.requests)
  }

  /** All parts in one. */
  get whole(): SessionPart {
    const whole = newPart(null, null, null)
    for (const part of this.#parts.values()) {
      addSums(whole.sums, part.sums)
      widen(whole, part)
      for (const [name, count] of part.toolCalls) addCalls(whole.toolCalls, name, count)
    }
    return whole
  }

  add(rows: SessionRows): void {
    const part = this.#partOf(rows)
    const { promptTokens: prompt, completionTokens: completion, cachedTokens: cached, model } = rows
    const cost = model === null ? 0 : (this.#costOf?.(model, { prompt, completion, cached }) ?? 0)
    addSums(part.sums, { ...rows, cost })
    widen(part, rows)
    for (const { name, count } of toolCallsOf(rows.toolCalls)) addCalls(part.toolCalls, name, count * rows.requests)
    if (rows.errors > 0) {
      const code = rows.errorCode ?? String(rows.status)
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + rows.errors)
    }
    if (rows.label !== null && (this.#label === null || rows.label > this.#label)) this.#label = rows.label
    this.#lastSeq = Math.max(this.#lastSeq, rows.lastSeq)
  }

  #partOf({ client, version, model }: SessionRows): SessionPart {
    const isKnown = this.#parts.has(JSON.stringify([client, version, model]))
    const names = isKnown || this.#parts.size < MAX_PARTS - 1 ? ([client, version, model] as const) : NO_NAMES
    const key = JSON.stringify(names)
    const part = this.#parts.get(key) ?? newPart(...names)
    this.#parts.set(key, part)
    return part
  }
}

const NO_NAMES = [null, null, null] as const

function newPart(client: string | null, version: string | null, model: string | null): SessionPart {
  return { client, version, model, sums: noSums(), toolCalls: new Map(), firstAt: Infinity, endedAt: 0 }
}

function widen(part: SessionPart, { firstAt, endedAt }: Pick<SessionPart, 'firstAt' | 'endedAt'>): void {
  part.firstAt = Math.min(part.firstAt, firstAt)
  part.endedAt = Math.max(part.endedAt, endedAt)
}

function addCalls(calls: Map<string, number>, name: string, count: number): void {
  const kept = calls.has(name) || calls.size < MAX_TOOL_NAMES ? name : OTHER_NAMES
  calls.set(kept, (calls.get(kept) ?? 0) + count)
}
