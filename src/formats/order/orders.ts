import type { FormatName } from '../format.ts'
import { AnthropicOrder } from './anthropic-order.ts'
import { CHAT_CHUNKS, COMPLETION_CHUNKS } from './choice-checks.ts'
import { ChunkOrder } from './chunk-order.ts'
import { chatSpeech, generateSpeech, OllamaOrder } from './ollama-order.ts'
import type { OrderCheck } from './order-check.ts'
import { type OrderRules, RuledOrder } from './order-rules.ts'
import { ResponsesOrder } from './responses-order.ts'

const RULES: Partial<Readonly<Record<FormatName, () => OrderRules>>> = {
  'anthropic-messages': () => new AnthropicOrder(),
  'openai-responses': () => new ResponsesOrder(),
  'openai-chat': () => new ChunkOrder(CHAT_CHUNKS),
  'openai-completions': () => new ChunkOrder(COMPLETION_CHUNKS),
  'ollama-chat': () => new OllamaOrder(chatSpeech),
  'ollama-generate': () => new OllamaOrder(generateSpeech),
}

/** Begins the check of one streamed answer. `undefined`: of that format's streams no order is known. */
export function orderCheckOf(format: FormatName): OrderCheck | undefined {
  const rules = RULES[format]
  return rules && new RuledOrder(rules())
}
