import type { CallPart, ImagePart, TextPart, ThinkingPart, ToolTurn, Turn } from './conversation.ts'

type AssistantPart = TextPart | ThinkingPart | CallPart

/** An assistant's turn as it grows, and what its tools gave. */
interface Said {
  readonly parts: AssistantPart[]
  readonly results: ToolTurn[]
}

/** Makes turns: what an assistant says in a row is one, and what a tool gave stands behind its call. */
export class TurnList {
  readonly #entries: (Turn | Said)[] = []
  readonly #callers = new Map<string, { readonly said: Said; readonly name: string }>()
  /** The turn that goes on with the next item; `undefined`: something stands behind it. */
  #open: Said | undefined
  #thoughts: ThinkingPart[] = []

  /** Thoughts belong to what the assistant says next. */
  think(text: string): void {
    this.#thoughts.push({ kind: 'thinking', text })
  }

  say(parts: readonly AssistantPart[]): void {
    if (parts.length === 0) return
    const said = this.#open ?? { parts: [], results: [] }
    if (this.#open === undefined) this.#entries.push(said)
    this.#open = said
    for (const part of [...this.#thoughts, ...parts]) {
      said.parts.push(part)
      if (part.kind === 'call') this.#callers.set(part.id, { said, name: part.name })
    }
    this.#thoughts = []
  }

  /** What the assistant says next is a turn of its own. */
  close(): void {
    this.#open = undefined
  }

  /** Anybody else's turn. Answers whether thoughts went lost that nothing followed. */
  add(turn: Extract<Turn, { role: 'system' | 'user' }>): boolean {
    this.#entries.push(turn)
    this.close()
    return this.#forget()
  }

  /** What the tool of an earlier call gave. Without that call it stays where it is. `name`: of the tool, where it says one. */
  result(callId: string, parts: readonly (TextPart | ImagePart)[], name?: string): void {
    const caller = this.#callers.get(callId)
    const turn: ToolTurn = { role: 'tool', callId, name: caller?.name ?? name, isError: false, parts }
    if (caller === undefined) this.#entries.push(turn)
    else caller.said.results.push(turn)
    this.close()
  }

  /** Ends it. Answers as `add` does. */
  end(): boolean {
    return this.#forget()
  }

  get turns(): readonly Turn[] {
    return this.#entries.flatMap((entry) =>
      'role' in entry ? [entry] : [{ role: 'assistant', parts: entry.parts }, ...entry.results],
    )
  }

  #forget(): boolean {
    const hadThoughts = this.#thoughts.length > 0
    this.#thoughts = []
    return hadThoughts
  }
}
