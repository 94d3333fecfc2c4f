import type { AskedFormat } from './setup-plan.ts'

const PROMPT = 'Say hello in one short sentence.'
/** Enough for a sentence, and for some thinking before it. */
const MAX_TOKENS = 256

/** A small question in the form and at the route of a tool. */
export interface SmallQuestion {
  /** Begins with `/`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What an answer says, as far as it says it. */
export interface SmallReply {
  readonly text: string
  readonly tokensIn: number | undefined
  readonly tokensOut: number | undefined
}

/** How one form asks, and where its answer has what. */
interface Form {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: (model: string) => unknown
  readonly read: (answer: Loose) => { readonly text: unknown; readonly tokensIn: unknown; readonly tokensOut: unknown }
}

const messages = [{ role: 'user', content: PROMPT }]

const FORMS: Readonly<Record<AskedFormat, Form>> = {
  'openai-chat': {
    path: '/v1/chat/completions',
    body: (model) => ({ model, messages, max_tokens: MAX_TOKENS, stream: false }),
    read: (answer) => ({
      text: answer.at('choices', 0, 'message', 'content').value,
      tokensIn: answer.at('usage', 'prompt_tokens').value,
      tokensOut: answer.at('usage', 'completion_tokens').value,
    }),
  },
  'openai-responses': {
    path: '/v1/responses',
    body: (model) => ({ model, input: PROMPT, max_output_tokens: MAX_TOKENS, stream: false, store: false }),
    read: (answer) => ({
      text: textOf(
        answer
          .at('output')
          .items()
          ?.filter((item) => item.at('type').value === 'message')
          .flatMap((item) => item.at('content').items() ?? []),
      ),
      tokensIn: answer.at('usage', 'input_tokens').value,
      tokensOut: answer.at('usage', 'output_tokens').value,
    }),
  },
  'anthropic-messages': {
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    body: (model) => ({ model, messages, max_tokens: MAX_TOKENS, stream: false }),
    read: (answer) => ({
      text: textOf(answer.at('content').items()),
      tokensIn: answer.at('usage', 'input_tokens').value,
      tokensOut: answer.at('usage', 'output_tokens').value,
    }),
  },
  'ollama-chat': {
    path: '/api/chat',
    body: (model) => ({ model, messages, options: { num_predict: MAX_TOKENS }, stream: false }),
    read: (answer) => ({
      text: answer.at('message', 'content').value,
      tokensIn: answer.at('prompt_eval_count').value,
      tokensOut: answer.at('eval_count').value,
    }),
  },
}

/** The small question of a format. */
export function smallQuestion(format: AskedFormat, model: string): SmallQuestion {
  const { path, headers = {}, body } = FORMS[format]
  return { path, headers: { 'content-type': 'application/json', ...headers }, body: body(model) }
}

/** Reads the answer to a small question; `undefined`: it is none of that format. */
export function smallReply(format: AskedFormat, answer: unknown): SmallReply | undefined {
  const { text, tokensIn, tokensOut } = FORMS[format].read(new Loose(answer))
  // A model that only thought has said nothing: some servers write `null` for that.
  if (typeof text !== 'string' && !(text === null && format === 'openai-chat')) return undefined
  return { text: text ?? '', tokensIn: countOf(tokensIn), tokensOut: countOf(tokensOut) }
}

/** The texts of an answer's parts; `undefined` where there are no parts. */
function textOf(parts: readonly Loose[] | undefined): string | undefined {
  return parts
    ?.map((part) => part.at('text').value)
    .filter((text) => typeof text === 'string')
    .join('')
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** JSON of a stranger, of which any part may be missing. */
class Loose {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }

  at(...path: readonly (string | number)[]): Loose {
    let value = this.value
    for (const name of path) {
      value =
        typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[name] : undefined
    }
    return new Loose(value)
  }

  /** `undefined`: it is no list. */
  items(): readonly Loose[] | undefined {
    return Array.isArray(this.value) ? this.value.map((item) => new Loose(item)) : undefined
  }
}
