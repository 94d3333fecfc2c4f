import { errorMessage } from '../answer-parts.ts'
import { asCount, type JsonObject } from '../json-facts.ts'

/** A prompt is longer than the model can read. */
export interface ContextOverflow {
  /** As the server said it. */
  readonly said: string
  /** How many tokens were asked for, and how many there may be; `undefined`: the server said no such two numbers. */
  readonly tokens: { readonly asked: number; readonly most: number } | undefined
}

/** No more is looked at: some servers repeat the request in their errors, and a prompt may speak of anything. */
const MAX_READ_LENGTH = 512

/** What llama-server calls it in `type`, and OpenAI in `code`. */
const NAMES: readonly unknown[] = ['exceed_context_size_error', 'context_length_exceeded']

/** As Ollama and llama-server say it, as vLLM and OpenAI do, as Anthropic does. */
const WORDS: readonly RegExp[] = [
  /\bexceed(?:s|ed)? [^.]{0,40}\bcontext (?:length|size)\b/i,
  /\bmaximum context length is \d+ tokens\b/i,
  /\bprompt is too long\b/i,
]

/** Two numbers of each: what was asked for, and the most there may be. */
const PAIRS: readonly (readonly [asked: RegExp, most: RegExp])[] = [
  [/\btoo long: (\d+) tokens\b/i, /> (\d+) maximum\b/i],
  [/\((\d+) tokens\) exceeds\b/i, /\bcontext size \((\d+) tokens\)/i],
  [/\b(?:you requested|resulted in) (\d+) tokens\b/i, /\bmaximum context length is (\d+) tokens\b/i],
]

/** What an error of any server tells of a prompt that is too long; `undefined`: it is about something else. */
export function contextOverflow(error: string | JsonObject): ContextOverflow | undefined {
  const said = errorMessage(error) ?? ''
  const start = said.slice(0, MAX_READ_LENGTH)
  const { type, code, n_prompt_tokens, n_ctx } = typeof error === 'string' ? ({} as JsonObject) : error
  const isNamed = NAMES.includes(type) || NAMES.includes(code)
  if (!isNamed && !WORDS.some((words) => words.test(start))) return undefined
  return { said, tokens: pairOf(asCount(n_prompt_tokens), asCount(n_ctx)) ?? numbersIn(start) }
}

/** The words that Anthropic's clients know it by: Claude Code makes the conversation shorter, and asks again. */
export function anthropicOverflowWords({ said, tokens }: ContextOverflow): string {
  if (tokens !== undefined) return `prompt is too long: ${tokens.asked} tokens > ${tokens.most} maximum`
  if (/^prompt is too long/i.test(said)) return said
  return said === '' ? 'prompt is too long' : `prompt is too long: ${said}`
}

/** The words that OpenAI's clients know it by. */
export function openaiOverflowWords({ said, tokens }: ContextOverflow): string {
  if (tokens !== undefined) {
    return `This model's maximum context length is ${tokens.most} tokens. However, your request has ${tokens.asked} tokens. Please make it shorter.`
  }
  if (/\bmaximum context length\b/i.test(said)) return said
  const words = "The request is longer than the model's maximum context length."
  return said === '' ? words : `${words} ${said}`
}

/** The words that Ollama's clients know it by. */
export function ollamaOverflowWords({ said, tokens }: ContextOverflow): string {
  if (/\bcontext length\b/i.test(said)) return said
  const words = 'the input length exceeds the context length'
  if (tokens !== undefined) return `${words}: ${tokens.asked} tokens, of ${tokens.most} at most`
  return said === '' ? words : `${words}: ${said}`
}

function numbersIn(text: string): ContextOverflow['tokens'] {
  for (const [asked, most] of PAIRS) {
    const pair = pairOf(numberOf(asked.exec(text)), numberOf(most.exec(text)))
    if (pair !== undefined) return pair
  }
  return undefined
}

/** A prompt that fits without its answer is too long too, but its numbers would say the contrary. */
function pairOf(asked: number | undefined, most: number | undefined): ContextOverflow['tokens'] {
  return asked !== undefined && most !== undefined && asked > most ? { asked, most } : undefined
}

function numberOf(found: RegExpExecArray | null): number | undefined {
  return found === null ? undefined : asCount(Number(found[1]))
}
