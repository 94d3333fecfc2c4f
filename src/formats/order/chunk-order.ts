import { errorOf } from '../answer-parts.ts'
import { asObject, type JsonObject } from '../json-facts.ts'
import { countIn, listIn, must, nameIn, textIn } from './order-fault.ts'
import type { OrderRules } from './order-rules.ts'

/** Holds what one choice says to its form, chunk by chunk. Throws `OrderFault`. */
export type ChoiceCheck = (choice: JsonObject) => void

/** One of the answers that a stream carries side by side. */
interface OpenChoice {
  readonly check: ChoiceCheck
  isFinished: boolean
}

/** The kinds of stream that differ in what a choice says. */
export interface ChunkKind {
  /** The `object` of each chunk. */
  readonly object: string
  /** Begins the check of a choice. */
  choice(): ChoiceCheck
}

/** More answers to one request than any server gives. */
const MAX_CHOICES = 128

/**
 * The chunks of OpenAI's older routes: of one id; each choice finished once; at most one chunk without choices, which
 * tells the usage; then `[DONE]`. Usage may also stand beside the finish of a choice, as many servers send it.
 */
export class ChunkOrder implements OrderRules {
  readonly closing = { data: '[DONE]', take: () => this.#checkFinished() }
  readonly #kind: ChunkKind
  readonly #choices = new Map<number, OpenChoice>()
  #id: string | undefined
  #isCounted = false

  constructor(kind: ChunkKind) {
    this.#kind = kind
  }

  take(chunk: JsonObject, name: string): boolean {
    const error = errorOf(chunk)
    if (error !== undefined || name === 'error') {
      must(typeof error === 'object', 'an error that is no object')
      textIn(error, 'message')
      return true
    }
    must(name === '', 'an event that has a name')
    must(chunk['object'] === this.#kind.object, `its "object" is not ${this.#kind.object}`)
    const id = nameIn(chunk, 'id')
    this.#id ??= id
    must(id === this.#id, 'the "id" changes')
    nameIn(chunk, 'model')
    countIn(chunk, 'created')
    this.#takeChoices(listIn(chunk, 'choices').map(asObject), asObject(chunk['usage']))
    return false
  }

  #takeChoices(choices: readonly (JsonObject | undefined)[], usage: JsonObject | undefined): void {
    must(!this.#isCounted, 'a chunk behind the usage')
    if (choices.length === 0) {
      must(usage !== undefined, 'a chunk with neither choices nor usage')
      this.#checkFinished()
      this.#isCounted = true
    }
    let hasFinished = false
    for (const choice of choices) {
      must(choice !== undefined, 'a choice that is no object')
      hasFinished = this.#takeChoice(choice) || hasFinished
    }
    must(usage === undefined || choices.length === 0 || hasFinished, 'usage beside a choice that goes on')
    if (usage === undefined) return
    countIn(usage, 'prompt_tokens')
    countIn(usage, 'completion_tokens')
  }

  #takeChoice(choice: JsonObject): boolean {
    const open = this.#choiceAt(countIn(choice, 'index'))
    must(!open.isFinished, 'a choice goes on behind its "finish_reason"')
    open.check(choice)
    const reason = choice['finish_reason'] ?? null
    if (reason !== null) nameIn(choice, 'finish_reason')
    open.isFinished = reason !== null
    return open.isFinished
  }

  #choiceAt(index: number): OpenChoice {
    must(index < MAX_CHOICES, 'the index of a choice is too large')
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const open = { check: this.#kind.choice(), isFinished: false }
    this.#choices.set(index, open)
    return open
  }

  #checkFinished(): void {
    must(this.#choices.size > 0, 'the answer ends before it has a choice')
    for (const { isFinished } of this.#choices.values()) must(isFinished, 'a choice ends without a "finish_reason"')
  }
}
