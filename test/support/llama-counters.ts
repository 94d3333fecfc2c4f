import { expect } from 'vitest'

/** What a llama-server has counted since its start. */
export interface LlamaCounters {
  /** `llamacpp:prompt_tokens_total`: those that it read, without those that it still had. */
  readonly readPromptTokens: number
  /** `llamacpp:prompt_tokens_cached_total` */
  readonly cachedPromptTokens: number
  /** `llamacpp:tokens_predicted_total` */
  readonly predictedTokens: number
}

/** Reads the counters of a server that was started with `--metrics`. */
export async function readLlamaCounters(origin: string): Promise<LlamaCounters> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const counter = (name: string) => {
    const value = new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`llama-server counts no ${name}:\n${text}`)
    return Number(value)
  }
  return {
    readPromptTokens: counter('prompt_tokens_total'),
    cachedPromptTokens: counter('prompt_tokens_cached_total'),
    predictedTokens: counter('tokens_predicted_total'),
  }
}

/** Holds what a session is said to have taken to what the servers counted of themselves since their start, summed. */
export async function expectCounted(
  session: { readonly promptTokens: number; readonly cachedTokens: number; readonly completionTokens: number },
  origins: readonly string[],
): Promise<void> {
  const counters = await Promise.all(origins.map(readLlamaCounters))
  const sum = (name: keyof LlamaCounters) => counters.reduce((total, counted) => total + counted[name], 0)
  const { promptTokens, cachedTokens, completionTokens } = session
  expect({ promptTokens, cachedTokens, completionTokens }).toEqual({
    promptTokens: sum('readPromptTokens') + sum('cachedPromptTokens'),
    cachedTokens: sum('cachedPromptTokens'),
    completionTokens: sum('predictedTokens'),
  })
}
