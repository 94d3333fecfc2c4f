/** What is summed over the requests of a session; rates are made of sums, so that sessions can be added up. */
export interface SessionSums {
  requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  turns: number
  errors: number
  /** With those from the cache. */
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  toldPromptTokens: number
  /** Requests whose tokens are estimates. */
  estimated: number
  /** Streamed turns that told their tokens. */
  streams: number
  /** From their arrival to their first byte. */
  ttfbMs: number
  /** Their tokens. */
  streamTokens: number
  /** From their first byte to their end. */
  streamMs: number
  cost: number
}

/** What is made of sums. */
export interface SessionRates {
  /** Of the prompt tokens of which it is known, from 0 to 1; null: it is known of none. */
  readonly cacheHitRate: number | null
  /** Null: nothing was streamed. */
  readonly meanTtfbMs: number | null
  /** While answers were streamed; null: nothing was. */
  readonly tokensPerSecond: number | null
}

/** The sums of no requests, to be added to. */
export function noSums(): SessionSums {
  return {
    requests: 0,
    turns: 0,
    errors: 0,
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: 0,
    toldPromptTokens: 0,
    estimated: 0,
    streams: 0,
    ttfbMs: 0,
    streamTokens: 0,
    streamMs: 0,
    cost: 0,
  }
}

const SUMMED = Object.keys(noSums()) as (keyof SessionSums)[]

/** Adds sums to others. */
export function addSums(to: SessionSums, more: Readonly<SessionSums>): void {
  for (const sum of SUMMED) to[sum] += more[sum]
}

/** The rates that sums come to. */
export function ratesOf(sums: Readonly<SessionSums>): SessionRates {
  const { cachedTokens, toldPromptTokens, streams, ttfbMs, streamTokens, streamMs } = sums
  return {
    cacheHitRate: toldPromptTokens === 0 ? null : Math.min(1, cachedTokens / toldPromptTokens),
    meanTtfbMs: streams === 0 ? null : ttfbMs / streams,
    tokensPerSecond: streamMs <= 0 ? null : (streamTokens * 1_000) / streamMs,
  }
}
