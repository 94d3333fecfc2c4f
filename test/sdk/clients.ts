import Anthropic, { type ClientOptions as AnthropicOptions } from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI, { type ClientOptions as OpenaiOptions } from 'openai'
import type { TestGateway } from '../support/gateway.ts'
import { raw, reset } from '../support/scripted/steps.ts'
import type { ScriptedUpstream } from '../support/scripted-upstream.ts'

export const messages = [{ role: 'user' as const, content: 'hi' }]
export const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } }

/** A key in the right form that no gateway ever made. */
export const FOREIGN_KEY = `pk_${'0'.repeat(10)}_${'0'.repeat(52)}`

/** An upstream that dies before its answer. It has begun to, or a kept connection would count as stale and be retried. */
export const crash = [raw('HTTP/1.1 2'), reset] as const

/** OpenAI's SDK, with its own defaults but for retries, which are off; `key` undefined: it sends no credential. */
export function openaiClient({ url }: TestGateway, key: string | undefined, options: OpenaiOptions = {}): OpenAI {
  const credential = key === undefined ? { apiKey: 'unused', defaultHeaders: { authorization: null } } : { apiKey: key }
  return new OpenAI({ baseURL: `${url}/v1`, maxRetries: 0, ...credential, ...options })
}

/** Anthropic's SDK, likewise. */
export function anthropicClient(
  { url }: TestGateway,
  key: string | undefined,
  options: AnthropicOptions = {},
): Anthropic {
  const credential = key === undefined ? { apiKey: null, defaultHeaders: { authorization: null } } : { apiKey: key }
  return new Anthropic({ baseURL: url, authToken: null, maxRetries: 0, ...credential, ...options })
}

/** Ollama's SDK, which has no option for a key but takes headers. */
export function ollamaClient({ url }: TestGateway, key: string | undefined): Ollama {
  return new Ollama({ host: url, ...(key && { headers: { authorization: `Bearer ${key}` } }) })
}

/** How many requests have reached the upstream on this path. */
export function countAt({ requests }: ScriptedUpstream, path: string): number {
  return requests.filter((request) => request.path === path).length
}
