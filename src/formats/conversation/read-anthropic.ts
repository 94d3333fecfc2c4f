import type { JsonObject } from '../json-facts.ts'
import { readSystem } from './anthropic/read-blocks.ts'
import { readThinkingAndOutput } from './anthropic/read-thinking.ts'
import { readAnthropicToolChoice, readAnthropicTools } from './anthropic/read-tools.ts'
import { readTurns } from './anthropic/read-turns.ts'
import { isTold, neededText, refusedField, toldBoolean, toldCount, toldList, toldNumber } from './anthropic/told.ts'
import type { ConversationReader, Sampling, Turn } from './conversation.ts'
import { RUNNING_FIELDS, readRunning } from './read-running.ts'
import { DroppedNames } from './request-fields.ts'

/** What is carried, and what means nothing to another server: whose account and tier it is, and what to keep of a prompt. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'system',
  'messages',
  'tools',
  'tool_choice',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'thinking',
  'output_config',
  'stream',
  'metadata',
  'service_tier',
  'cache_control',
  'context_management',
  ...RUNNING_FIELDS,
])

/**
 * Reads the body of Anthropic's `/v1/messages`. A null is as good as an absent field. `max_tokens`, which Anthropic
 * requires, may be absent.
 */
export const readAnthropicRequest: ConversationReader = (body) => {
  const dropped = new DroppedNames()
  dropped.addOthers(body, KNOWN_FIELDS)
  const run = readRunning(body)
  const tools = readAnthropicTools(body['tools'], dropped)
  return {
    model: neededText(body['model'], 'model'),
    turns: [...readOpening(body['system'], dropped), ...readTurns(body['messages'], dropped)],
    tools,
    ...readAnthropicToolChoice(body['tool_choice'], tools, dropped),
    sampling: { ...run.sampling, ...readSampling(body) },
    // What is too long is an error to its clients, some of which shorten it then.
    running: { truncates: false, ...run.running },
    ...(run.thinking && { thinking: run.thinking }),
    ...readThinkingAndOutput(body, dropped),
    wantsStream: toldBoolean(body['stream'], 'stream') ?? false,
    dropped: dropped.list,
  }
}

function readOpening(system: unknown, dropped: DroppedNames): readonly Turn[] {
  const text = isTold(system) ? readSystem(system, 'system', dropped) : ''
  return text === '' ? [] : [{ role: 'system', text }]
}

function readSampling(body: JsonObject): Sampling {
  const maxTokens = toldCount(body['max_tokens'], 'max_tokens', 1)
  const temperature = toldNumber(body['temperature'], 'temperature')
  const topP = toldNumber(body['top_p'], 'top_p')
  const topK = toldCount(body['top_k'], 'top_k', 0)
  const stop = readStop(body['stop_sequences'])
  return {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(stop.length === 0 ? {} : { stop }),
  }
}

/** An empty text ends nothing. */
function readStop(value: unknown): readonly string[] {
  return (toldList(value, 'stop_sequences') ?? []).flatMap((text, index) => {
    if (typeof text !== 'string') throw refusedField(`stop_sequences.${index}`, 'must be text.')
    return text === '' ? [] : [text]
  })
}
