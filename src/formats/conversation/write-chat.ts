import type { JsonObject } from '../json-facts.ts'
import { boundedId } from './bounded-id.ts'
import type {
  Conversation,
  ConversationWriter,
  ImagePart,
  Output,
  Sampling,
  TextPart,
  Tool,
  ToolChoice,
  Turn,
} from './conversation.ts'
import { plainTurns } from './plain-turns.ts'
import { definedFields, joinedText, namesDropped, resultText, runningDropped } from './written-parts.ts'

/** Writes a conversation as a body of OpenAI's `/v1/chat/completions`, in the fields that other servers of it know too. */
export const writeChatRequest: ConversationWriter = (conversation) => {
  const { model, tools, toolChoice, mayCallSeveral, sampling, thinking, output, logprobs, wantsStream } = conversation
  const hasTools = tools.length > 0
  return {
    body: definedFields({
      model,
      messages: plainTurns(conversation.turns).map(messageOf),
      tools: hasTools ? tools.map(toolOf) : undefined,
      tool_choice: hasTools && toolChoice !== undefined ? choiceOf(toolChoice) : undefined,
      parallel_tool_calls: hasTools ? mayCallSeveral : undefined,
      ...samplingOf(sampling),
      reasoning_effort: thinking?.isOn ? (thinking.effort === 'max' ? 'high' : thinking.effort) : undefined,
      logprobs: logprobs === undefined ? undefined : true,
      top_logprobs: logprobs === 0 ? undefined : logprobs,
      response_format: output && formatOf(output),
      stream: wantsStream,
      stream_options: wantsStream ? { include_usage: true } : undefined,
    }),
    dropped: droppedOf(conversation),
  }
}

/** What has no place in it. A budget of thinking, the switch that turns it off and more than a high effort are each server's own. */
function droppedOf({ sampling, thinking, running }: Conversation): readonly string[] {
  const told: readonly (readonly [string, boolean])[] = [
    ['top_k', sampling.topK !== undefined],
    ['min_p', sampling.minP !== undefined],
    ['typical_p', sampling.typicalP !== undefined],
    ['repeat_penalty', sampling.repeatPenalty !== undefined],
    ['repeat_last_n', sampling.repeatLastN !== undefined],
    ['thinking', thinking?.isOn === false],
    ['effort', thinking?.isOn === true && thinking.effort === 'max'],
  ]
  return [...namesDropped(told), ...runningDropped(running)]
}

function messageOf(turn: Turn): JsonObject {
  switch (turn.role) {
    case 'system':
      return { role: 'system', content: turn.text }
    case 'user':
      return { role: 'user', content: contentOf(turn.parts) }
    case 'tool':
      return { role: 'tool', tool_call_id: boundedId(turn.callId), content: resultText(turn) }
    case 'assistant': {
      const calls = turn.parts.filter((part) => part.kind === 'call')
      const text = joinedText(turn.parts, 'text')
      const thinking = joinedText(turn.parts, 'thinking')
      return definedFields({
        role: 'assistant',
        content: text === '' && calls.length > 0 ? null : text,
        reasoning_content: thinking === '' ? undefined : thinking,
        tool_calls:
          calls.length === 0
            ? undefined
            : calls.map(({ id, name, arguments: text }) => ({
                id: boundedId(id),
                type: 'function',
                function: { name, arguments: text },
              })),
      })
    }
  }
}

/** One text as a text: servers whose templates know no parts take it too. */
function contentOf(parts: readonly (TextPart | ImagePart)[]): string | readonly JsonObject[] {
  if (parts.every(({ kind }) => kind === 'text')) return joinedText(parts, 'text')
  return parts.map((part) =>
    part.kind === 'text'
      ? { type: 'text', text: part.text }
      : {
          type: 'image_url',
          image_url: { url: 'url' in part ? part.url : `data:${part.mediaType};base64,${part.data}` },
        },
  )
}

function toolOf({ name, description, parameters, isStrict }: Tool): JsonObject {
  return { type: 'function', function: definedFields({ name, description, parameters, strict: isStrict }) }
}

function choiceOf(choice: ToolChoice): string | JsonObject {
  if (typeof choice === 'object') return { type: 'function', function: { name: choice.name } }
  return choice === 'any' ? 'required' : choice
}

function samplingOf(sampling: Sampling): JsonObject {
  return {
    max_tokens: sampling.maxTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    stop: sampling.stop,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    logit_bias: sampling.logitBias,
  }
}

function formatOf(output: Output): JsonObject {
  if (output.kind === 'json') return { type: 'json_object' }
  const { name, schema, isStrict } = output
  return { type: 'json_schema', json_schema: definedFields({ name, schema, strict: isStrict }) }
}
