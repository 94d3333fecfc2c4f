import { asText } from './json-facts.ts'

/** How often an answer calls each tool, by the tool's name. */
export type ToolCalls = ReadonlyMap<string, number>

/** Of an answer that calls no tool. */
export const NO_TOOL_CALLS: ToolCalls = new Map()

/** Where the calls of tools are summed whose names are too many, too long, or not plain. */
export const OTHER_TOOLS = '(other)'

/** More different tools than one answer calls. */
const MAX_TOOL_NAMES = 32
/** More calls than one answer has; what comes behind them is not counted. */
const MAX_CALLS = 1_000
/** What a model calls a tool is its own invention: only visible ASCII is kept, as long as any API lets a tool's name be. */
const PLAIN_NAME = /^[\x21-\x7e]{1,128}$/

/** Counts the calls of one answer, each once. It holds names and ids, never what a tool is called with; all of it is bounded. */
export class ToolCallTally {
  readonly #counts = new Map<string, number>()
  /** The ids of the calls that were counted, by their places. */
  readonly #counted = new Map<string, string>()
  #calls = 0

  get counts(): ToolCalls {
    return this.#counts
  }

  /** Counts a call that is told once. One without a name is none. */
  add(name: unknown): void {
    if (typeof name !== 'string' || name === '' || this.#calls >= MAX_CALLS) return
    this.#calls++
    const isPlain = PLAIN_NAME.test(name) && (this.#counts.has(name) || this.#counts.size < MAX_TOOL_NAMES)
    const kept = isPlain ? name : OTHER_TOOLS
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1)
  }

  /**
   * Counts a call that may be told again. Some servers tell all their calls under one place: by another id it is another
   * call, which takes the place.
   * @param place what tells it from the answer's other calls
   */
  addOnce(place: string, id: unknown, name: unknown): void {
    if (typeof name !== 'string' || name === '') return
    const givenId = asText(id) ?? ''
    const known = this.#counted.get(place)
    if (known !== undefined && (givenId === '' || known === '' || givenId === known)) return
    if (this.#counted.size >= MAX_CALLS) return
    this.#counted.set(place, givenId)
    this.add(name)
  }
}
