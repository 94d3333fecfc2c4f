import type { AnswerPart } from '../../answer-parts.ts'
import type { Usage } from '../../format.ts'
import { mergeUsage, NO_USAGE } from '../../usage.ts'
import { stopReasonOf } from '../answer-renderer.ts'
import type { CallForms } from './call-forms.ts'
import { callForm } from './call-items.ts'
import type { ResponsesEvent } from './item-form.ts'
import { type ItemKey, OutputQueue } from './output-queue.ts'
import { type RespondedTo, type ResponseState, responseObject } from './response-object.ts'
import { messageForm, reasoningForm } from './text-items.ts'

/** All text of one answer, arguments too, in UTF-16 units: what the last event tells again is kept until then. */
export const MAX_KEPT_UNITS = 32 * 1024 * 1024

/** Items of one output. A model that thinks between its calls needs some dozens. */
export const MAX_ITEMS = 4_096

/** A call that has begun. */
interface Call {
  readonly id: string
  readonly key: ItemKey
}

/** Makes the events of one response from the parts of an answer. An answer beyond the limits ends as failed. */
export class ResponseStream {
  readonly #to: RespondedTo
  readonly #forms: CallForms
  readonly #write: (event: ResponsesEvent) => void
  readonly #queue: OutputQueue
  readonly #calls = new Map<number, Call>()
  readonly #callIds = new Set<string>()
  #latest: { readonly kind: 'text' | 'reasoning'; readonly key: ItemKey } | undefined
  #keptUnits = 0
  #usage: Usage = NO_USAGE
  #stopWord: string | undefined
  #limit: string | undefined
  #state: ResponseState = { status: 'in_progress' }

  constructor(to: RespondedTo, forms: CallForms, write: (event: ResponsesEvent) => void) {
    this.#to = to
    this.#forms = forms
    this.#write = write
    this.#queue = new OutputQueue(write)
    write({ type: 'response.created', response: this.response })
    write({ type: 'response.in_progress', response: this.response })
  }

  /** The last event is written. */
  get isOver(): boolean {
    return this.#state.status !== 'in_progress'
  }

  /** Why it failed, where that is for being beyond the limits. */
  get limit(): string | undefined {
    return this.#limit
  }

  /** The response as it stands. */
  get response(): object {
    const output = this.isOver ? this.#queue.output : []
    return responseObject(this.#to, this.#state, output, this.isOver ? this.#usage : undefined)
  }

  /** What comes after the end is passed over. */
  push(part: AnswerPart): void {
    if (this.isOver) return
    switch (part.kind) {
      case 'text':
      case 'reasoning':
        this.#say(part.kind, part.text)
        break
      case 'call':
        this.#call(part.index, part.id, part.name)
        break
      case 'arguments':
        this.#add(this.#calls.get(part.index)?.key, part.text)
        break
      case 'usage':
        this.#usage = mergeUsage(this.#usage, part.usage)
        break
      case 'stop':
        this.#stopWord = part.reason
        break
      case 'failed':
        this.#fail(part.message ?? 'The model server failed. It did not say why.')
        break
      case 'end':
        this.#finish(this.#stateAtEnd())
    }
  }

  #say(kind: 'text' | 'reasoning', text: string): void {
    if (text === '') return
    if (this.#latest?.kind !== kind) {
      if (this.#isFull()) return
      const form = kind === 'text' ? messageForm : reasoningForm
      this.#latest = { kind, key: this.#queue.begin(form(this.#to.head.id, this.#queue.count), false) }
    }
    this.#add(this.#latest.key, text)
  }

  /** An index that comes again tells of the same call, unless it comes with another id. */
  #call(index: number, id: string, name: string): void {
    const known = this.#calls.get(index)
    if (known !== undefined && (id === '' || id === known.id)) return
    if (this.#isFull() || !this.#keeps(id.length + name.length)) return
    if (known !== undefined) this.#queue.seal(known.key)
    const at = this.#queue.count
    const callId = id === '' || this.#callIds.has(id) ? `call_${this.#to.head.id}_${at}` : id
    this.#callIds.add(callId)
    const form = this.#forms.get(name) ?? { kind: 'function', name }
    this.#calls.set(index, { id, key: this.#queue.begin(callForm(this.#to.head.id, at, callId, form), true) })
    this.#latest = undefined
  }

  #add(key: ItemKey | undefined, text: string): void {
    if (key !== undefined && text !== '' && this.#keeps(text.length)) this.#queue.add(key, text)
  }

  #keeps(units: number): boolean {
    this.#keptUnits += units
    if (this.#keptUnits <= MAX_KEPT_UNITS) return true
    this.#exceed('The answer is longer than the gateway writes in this format.')
    return false
  }

  #isFull(): boolean {
    if (this.#queue.count < MAX_ITEMS) return false
    this.#exceed('The answer has more items than the gateway writes in this format.')
    return true
  }

  #stateAtEnd(): ResponseState {
    const reason = stopReasonOf(this.#stopWord, this.#callIds.size > 0)
    if (reason === 'length') return { status: 'incomplete', reason: 'max_output_tokens' }
    return reason === 'filter' ? { status: 'incomplete', reason: 'content_filter' } : { status: 'completed' }
  }

  #exceed(limit: string): void {
    this.#limit = limit
    this.#fail(limit)
  }

  #fail(message: string): void {
    this.#finish({ status: 'failed', message })
  }

  /** Of an answer that failed nothing more is closed, since clients run a call when its item is. */
  #finish(state: ResponseState): void {
    if (state.status === 'completed' || state.status === 'incomplete') this.#queue.end(state.status)
    this.#state = state
    this.#write({ type: `response.${state.status}`, response: this.response })
  }
}
