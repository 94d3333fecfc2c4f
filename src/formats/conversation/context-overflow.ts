import { errorMessage } from '../answer-parts.ts'
import { asCount, type JsonObject } from '../json-facts.ts'

/** A prompt is longer than the model can read. */
export interface ContextOverflow {
  /** As the server said it. */
  readonly said: string
  /** `undefined`: the server said no such numbers. */
  readonly tokens: OverflowTokens | undefined
}

/** How many tokens were asked for, and how many there may be. */
export interface OverflowTokens {
  readonly asked: number
  readonly most: number
  /** How many of those asked for are the answer's. There only where the prompt alone would fit. */
  readonly answer?: number
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
  /\binput length and `max_tokens` exceed context limit\b/i,
]

const MOST = /\bmaximum context length is (\d+) tokens\b/i

/** Two numbers of each: what was asked for, and the most there may be. */
const PAIRS: readonly (readonly [asked: RegExp, most: RegExp])[] = [
  [/\btoo long: (\d+) tokens\b/i, /> (\d+) maximum\b/i],
  [/\((\d+) tokens\) exceeds\b/i, /\bcontext size \((\d+) tokens\)/i],
  [/\b(?:you requested|resulted in) (\d+) tokens\b/i, MOST],
  [/\brequest has (\d+) (?:input )?tokens\b/i, MOST],
]

/**
 * Three: what the prompt has, what the answer may have, and the most of both. As OpenAI and vLLM say it, as vLLM does
 * since, as it does since it no longer counts a prompt to its end, as Anthropic does.
 */
const TRIPLES: readonly (readonly [prompt: RegExp, answer: RegExp, most: RegExp])[] = [
  [/\((\d+) in the (?:messages|prompt)\b/i, /\b(\d+) in the completion\)/i, MOST],
  [/\brequest has (\d+) input tokens\b/i, /\bis too large: (\d+)\b/i, MOST],
  [/\bprompt contains (?:at least )?(\d+) input tokens\b/i, /\brequested (\d+) output tokens\b/i, MOST],
  [/\bcontext limit: (\d+) \+/i, /\+ (\d+) >/, /> (\d+)\b/],
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

/**
 * Claude Code keeps 1,000 tokens free and asks for no answer of fewer than 3,000. Told of less room it gives up, and told
 * that the prompt is too long it makes it shorter. In a context that is small by itself it is not the prompt that is long.
 */
const LEAST_ROOM_TOKENS = 4_000

/**
 * The words that Anthropic's clients know it by: Claude Code makes the conversation shorter and asks again, or, where the
 * prompt alone fits, asks for a shorter answer.
 */
export function anthropicOverflowWords({ said, tokens }: ContextOverflow): string {
  if (tokens?.answer !== undefined) {
    const prompt = tokens.asked - tokens.answer
    const half = tokens.most / 2
    if (tokens.most - prompt < LEAST_ROOM_TOKENS && prompt > half) {
      const kept = Math.min(tokens.answer, LEAST_ROOM_TOKENS, Math.ceil(half))
      return `prompt is too long: ${prompt} tokens > ${tokens.most - kept} maximum, as ${kept} of ${tokens.most} are for the answer`
    }
    const sum = `${prompt} + ${tokens.answer} > ${tokens.most}`
    return `input length and \`max_tokens\` exceed context limit: ${sum}, decrease input length or \`max_tokens\` and try again`
  }
  if (tokens !== undefined) return `prompt is too long: ${tokens.asked} tokens > ${tokens.most} maximum`
  if (/^prompt is too long/i.test(said)) return said
  return said === '' ? 'prompt is too long' : `prompt is too long: ${said}`
}

/** The words that OpenAI's clients know it by. */
export function openaiOverflowWords({ said, tokens }: ContextOverflow): string {
  if (tokens?.answer !== undefined) {
    const parts = `${tokens.asked - tokens.answer} in the messages, ${tokens.answer} in the completion`
    return `This model's maximum context length is ${tokens.most} tokens. However, you requested ${tokens.asked} tokens (${parts}). Please reduce the length of the messages or completion.`
  }
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
  if (tokens?.answer !== undefined) {
    return `${words}: ${tokens.asked} tokens, ${tokens.answer} of them for the answer, of ${tokens.most} at most`
  }
  if (tokens !== undefined) return `${words}: ${tokens.asked} tokens, of ${tokens.most} at most`
  return said === '' ? words : `${words}: ${said}`
}

function numbersIn(text: string): OverflowTokens | undefined {
  for (const [prompt, answer, most] of TRIPLES) {
    const found = tripleOf(numberOf(prompt.exec(text)), numberOf(answer.exec(text)), numberOf(most.exec(text)))
    if (found !== undefined) return found
  }
  for (const [asked, most] of PAIRS) {
    const pair = pairOf(numberOf(asked.exec(text)), numberOf(most.exec(text)))
    if (pair !== undefined) return pair
  }
  return undefined
}

function tripleOf(prompt: number | undefined, answer: number | undefined, most: number | undefined) {
  if (prompt === undefined || answer === undefined || most === undefined) return undefined
  const pair = pairOf(prompt + answer, most)
  return pair && prompt < most ? { ...pair, answer } : pair
}

/** Two numbers that say the contrary are of something else: of a prompt that fits without its answer, as llama-server counts. */
function pairOf(asked: number | undefined, most: number | undefined): OverflowTokens | undefined {
  return asked !== undefined && most !== undefined && asked > most ? { asked, most } : undefined
}

function numberOf(found: RegExpExecArray | null): number | undefined {
  return found === null ? undefined : asCount(Number(found[1]))
}
