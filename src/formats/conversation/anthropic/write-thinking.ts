import type { JsonObject } from '../../json-facts.ts'
import type { Conversation, Effort, Sampling, Turn } from '../conversation.ts'

/** What an answer may be long at most where the request does not say; Anthropic takes no request without. All its models can. */
const DEFAULT_MAX_TOKENS = 8_192

/** Fewer tokens to think with are none. */
const MIN_BUDGET = 1_024

/** Of tokens to think with. With the answer behind it, the largest is one that every model which thinks takes. */
const BUDGETS: Readonly<Record<Effort, number>> = { low: MIN_BUDGET, medium: 4_096, high: 10_240, max: 20_480 }

/** A model that thinks takes no other `top_p` below this. */
const MIN_TOP_P = 0.95

/** Fields of a body, and the names of what they leave out. */
export interface WrittenFields {
  readonly fields: JsonObject
  readonly dropped: readonly string[]
}

/**
 * Writes how the answer is found: how long it may be, whether the model thinks before it, and how its tokens are sampled.
 * What it thinks counts as part of the answer's length, so that a short answer leaves no room for it. Nor does it think where
 * it must call a tool, nor within a round of calls, which would have to begin with what it thought and can not: only Anthropic
 * signs that. Where it thinks, its sampling is its own.
 */
export function writeThinkingAndSampling({
  turns,
  tools,
  toolChoice,
  thinking,
  sampling,
}: Conversation): WrittenFields {
  const mustCall = tools.length > 0 && (toolChoice === 'any' || typeof toolChoice === 'object')
  const wanted = thinking?.isOn === true ? BUDGETS[thinking.effort ?? 'medium'] : 0
  const budget = mustCall || isWithinRound(turns) ? 0 : fittingBudget(wanted, sampling.maxTokens)
  const { fields, dropped } = budget > 0 ? samplingOfThinker(sampling) : writtenSampling(sampling)
  return {
    fields: {
      max_tokens: sampling.maxTokens ?? budget + DEFAULT_MAX_TOKENS,
      ...(budget > 0 && { thinking: { type: 'enabled', budget_tokens: budget } }),
      ...(thinking?.isOn === false && { thinking: { type: 'disabled' } }),
      ...fields,
    },
    dropped: wanted > 0 && budget === 0 ? [...dropped, 'thinking'] : dropped,
  }
}

/** At most half of the answer; 0: there is too little of it. */
function fittingBudget(wanted: number, maxTokens: number | undefined): number {
  if (maxTokens === undefined) return wanted
  const budget = Math.min(wanted, Math.floor(maxTokens / 2))
  return budget < MIN_BUDGET ? 0 : budget
}

/** Whether the model has called tools and not answered since, or goes on with an answer that was begun for it. */
function isWithinRound(turns: readonly Turn[]): boolean {
  const last = turns.findLast(({ role }) => role === 'assistant')
  if (last === undefined || last.role !== 'assistant') return false
  return last === turns.at(-1) || last.parts.some(({ kind }) => kind === 'call')
}

/** Temperature ends at 1 here, and at 2 in other formats. */
function writtenSampling({ temperature, topP, topK }: Sampling): WrittenFields {
  const isClipped = temperature !== undefined && temperature > 1
  return {
    fields: {
      ...(temperature !== undefined && { temperature: isClipped ? 1 : temperature }),
      ...(topP !== undefined && { top_p: topP }),
      ...(topK !== undefined && { top_k: topK }),
    },
    dropped: isClipped ? ['temperature'] : [],
  }
}

function samplingOfThinker({ temperature, topP, topK }: Sampling): WrittenFields {
  const keepsTopP = topP !== undefined && topP >= MIN_TOP_P
  return {
    fields: keepsTopP ? { top_p: topP } : {},
    dropped: [
      ...(temperature === undefined || temperature === 1 ? [] : ['temperature']),
      ...(topP === undefined || keepsTopP ? [] : ['top_p']),
      ...(topK === undefined ? [] : ['top_k']),
    ],
  }
}
