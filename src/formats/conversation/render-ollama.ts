import type { AnswerPart } from '../answer-parts.ts'
import type { AnswerRenderer, RenderedHead } from './answer-renderer.ts'
import { AnswerTally } from './answer-tally.ts'
import { gatherAnswer } from './gathered-answer.ts'
import { fieldsOf } from './json-fields.ts'
import { CallQueue } from './ollama/call-queue.ts'
import {
  type ContentForm,
  chatContent,
  endFields,
  failedLine,
  generateContent,
  type LineContent,
  lineLogprobs,
  lineMaker,
} from './ollama/line-form.ts'
import { framesBy, type PartWriter, type SaidPart } from './part-writer.ts'

const GOES_ON = fieldsOf({ done: false })

/**
 * Writes an answer as Ollama's `/api/chat` does. A call is one line with all its arguments, which are an object: what is none
 * becomes the `input` of one. Which stop sequence was met has no place there.
 */
export function renderOllamaChat(head: RenderedHead): AnswerRenderer {
  return renderLines(head, chatContent, new CallQueue(head.id))
}

/** Writes an answer as Ollama's `/api/generate` does. It has no place for calls: they are left out. */
export function renderOllamaGenerate(head: RenderedHead): AnswerRenderer {
  return renderLines(head, generateContent, undefined)
}

function renderLines(head: RenderedHead, form: ContentForm, calls: CallQueue | undefined): AnswerRenderer {
  return {
    frames: framesBy(new AnswerLines(head, form, calls)),
    whole: (parts) => wholeLine(head, form, parts),
  }
}

class AnswerLines implements PartWriter {
  readonly #line: (...fields: readonly string[]) => string
  readonly #form: ContentForm
  readonly #calls: CallQueue | undefined
  readonly #tally = new AnswerTally()

  constructor(head: RenderedHead, form: ContentForm, calls: CallQueue | undefined) {
    this.#line = lineMaker(head)
    this.#form = form
    this.#calls = calls
  }

  get heldLength(): number {
    return this.#calls?.heldLength ?? 0
  }

  write(part: SaidPart): string {
    switch (part.kind) {
      case 'text':
        return part.text === '' ? '' : this.#say({ text: part.text })
      case 'reasoning':
        return part.text === '' ? '' : this.#say({ thinking: part.text })
      case 'call':
        return this.#sayCalls(this.#calls?.begin(part.index, part.id, part.name))
      case 'arguments':
        this.#calls?.add(part.index, part.text)
        return ''
      case 'logprobs':
        return part.tokens.length === 0 ? '' : this.#say({}, lineLogprobs(part.tokens))
      default:
        this.#tally.add(part)
        return ''
    }
  }

  end(): string {
    const last = this.#line(this.#form({}), endFields(this.#tally.stopReason(false), this.#tally.usage))
    return `${this.#sayCalls(this.#calls?.rest())}${last}\n`
  }

  fail(message: string): string {
    return `${failedLine(message)}\n`
  }

  #sayCalls(calls: ReturnType<CallQueue['rest']> = []): string {
    return calls.map((call) => this.#say({ calls: [call] })).join('')
  }

  #say(content: LineContent, ...more: readonly string[]): string {
    return `${this.#line(this.#form(content), ...more, GOES_ON)}\n`
  }
}

function wholeLine(head: RenderedHead, form: ContentForm, parts: readonly AnswerPart[]): string {
  const { text, reasoning, calls, logprobs, tally, failure } = gatherAnswer(head.id, parts)
  if (failure !== undefined) return failedLine(failure)
  const content = form({ text, ...(reasoning === '' ? {} : { thinking: reasoning }), calls })
  const odds = logprobs.length === 0 ? [] : [lineLogprobs(logprobs)]
  return lineMaker(head)(content, ...odds, endFields(tally.stopReason(false), tally.usage))
}
