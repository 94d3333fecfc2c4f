import type { JsonObject } from '../json-facts.ts'
import { writeMessages } from './anthropic/write-messages.ts'
import { writeThinkingAndSampling } from './anthropic/write-thinking.ts'
import type { Conversation, ConversationWriter, Tool, ToolChoice } from './conversation.ts'
import { namesDropped, runningDropped } from './written-parts.ts'

/** What stands for an output that is JSON of no schema, for which there is no field. */
const ONLY_JSON = 'Answer with one JSON object and nothing else: no other words, no code fence.'

/**
 * Writes a conversation as a body of Anthropic's `/v1/messages`. `writeMessages` says how turns are put, and
 * `writeThinkingAndSampling` what becomes of the length, thinking and sampling. Throws `invalid_request` for pictures that it
 * does not take, and for a conversation in which nobody says anything.
 */
export const writeAnthropicRequest: ConversationWriter = (conversation) => {
  const { model, turns, sampling, output, wantsStream } = conversation
  const { system, messages } = writeMessages(turns)
  const { fields, dropped } = writeThinkingAndSampling(conversation)
  const instructions = output?.kind === 'json' ? [system, ONLY_JSON].filter((text) => text !== '').join('\n\n') : system
  const stop = (sampling.stop ?? []).filter(isStop)
  return {
    body: {
      model,
      ...fields,
      ...(instructions.trim() !== '' && { system: instructions }),
      messages,
      ...writtenTools(conversation),
      ...(stop.length > 0 && { stop_sequences: stop }),
      ...(output?.kind === 'schema' && { output_config: { format: { type: 'json_schema', schema: output.schema } } }),
      stream: wantsStream,
    },
    dropped: [...new Set([...dropped, ...droppedOf(conversation)])],
  }
}

/** What has no place in it. */
function droppedOf({ turns, sampling, output, logprobs, running }: Conversation): readonly string[] {
  const hasThought = turns.some(
    (turn) => turn.role === 'assistant' && turn.parts.some(({ kind }) => kind === 'thinking'),
  )
  const told: readonly (readonly [string, boolean])[] = [
    ['thinking', hasThought],
    ['stop', sampling.stop?.every(isStop) === false],
    // It is asked for in words, and nothing holds the model to them.
    ['response_format', output?.kind === 'json'],
    ['seed', sampling.seed !== undefined],
    ['min_p', sampling.minP !== undefined],
    ['typical_p', sampling.typicalP !== undefined],
    ['presence_penalty', sampling.presencePenalty !== undefined],
    ['frequency_penalty', sampling.frequencyPenalty !== undefined],
    ['repeat_penalty', sampling.repeatPenalty !== undefined],
    ['repeat_last_n', sampling.repeatLastN !== undefined],
    ['logit_bias', sampling.logitBias !== undefined],
    ['logprobs', logprobs !== undefined],
  ]
  return [...namesDropped(told), ...runningDropped(running)]
}

/** A blank one is refused. */
function isStop(text: string): boolean {
  return text.trim() !== ''
}

function writtenTools({ tools, toolChoice, mayCallSeveral }: Conversation): JsonObject {
  if (tools.length === 0) return {}
  const choice = writtenChoice(toolChoice, mayCallSeveral)
  return { tools: tools.map(writtenTool), ...(choice !== undefined && { tool_choice: choice }) }
}

/** A schema has to say that it is of an object; one of a function without arguments may be empty. */
function writtenTool({ name, description, parameters, isStrict }: Tool): JsonObject {
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { type: 'object', ...parameters },
    ...(isStrict === true && { strict: true }),
  }
}

/** That it may call several tools is the default; that it may not is said with the choice. */
function writtenChoice(choice: ToolChoice | undefined, mayCallSeveral: boolean | undefined): JsonObject | undefined {
  if (choice === 'none') return { type: 'none' }
  const isSingle = mayCallSeveral === false
  if (choice === undefined && !isSingle) return undefined
  const type = typeof choice === 'object' ? { type: 'tool', name: choice.name } : { type: choice ?? 'auto' }
  return { ...type, ...(isSingle && { disable_parallel_tool_use: true }) }
}
