import { type JsonObject, parseObject } from '../json-facts.ts'
import { boundedId } from './bounded-id.ts'
import type {
  CallPart,
  Conversation,
  ConversationWriter,
  ImagePart,
  Output,
  Sampling,
  Thinking,
  Turn,
} from './conversation.ts'
import { chooseTools } from './ollama/choose-tools.ts'
import { toldTogether } from './ollama/schema-draft.ts'
import { ToolSchemas } from './ollama/tool-schema.ts'
import { plainTurns } from './plain-turns.ts'
import { uncarried } from './request-fields.ts'
import { definedFields, joinedText, namesDropped, resultText } from './written-parts.ts'

/**
 * Writes a conversation as a body of Ollama's `/api/chat`. A choice of tools, for which it has no field, is in which tools
 * are sent and in a last turn that asks for a call. Arguments of a call that are no object are one with the text as `input`.
 */
export const writeOllamaRequest: ConversationWriter = (conversation) => {
  const { model, running = {}, sampling, thinking, output, logprobs, wantsStream } = conversation
  const { tools, request, isLost } = chooseTools(conversation)
  const turns = plainTurns(request === undefined ? conversation.turns : [...conversation.turns, request])
  // Ollama would load the model, and answer nothing.
  if (turns.length === 0) throw uncarried('The request has no messages. Send what the model is to answer.', 'messages')
  const options = optionsOf(running.options, running.contextLength, sampling)
  const schemas = new ToolSchemas()
  const dropped: readonly (readonly [string, boolean])[] = [
    ['tool_choice', isLost],
    ['parallel_tool_calls', tools.length > 0 && conversation.mayCallSeveral === false],
    ['tools.strict', tools.some(({ isStrict }) => isStrict === true)],
    ['logit_bias', sampling.logitBias !== undefined],
  ]
  return {
    body: definedFields({
      model,
      messages: turns.map(messageOf),
      tools: tools.length === 0 ? undefined : tools.map((tool) => toolOf(tool, schemas)),
      format: output && formatOf(output),
      options: Object.keys(options).length === 0 ? undefined : options,
      think: thinking && thinkOf(thinking),
      keep_alive: running.keepAlive,
      truncate: running.truncates,
      shift: running.shifts,
      logprobs: logprobs === undefined ? undefined : true,
      top_logprobs: logprobs === 0 ? undefined : logprobs,
      stream: wantsStream,
    }),
    dropped: namesDropped(dropped),
  }
}

function messageOf(turn: Turn): JsonObject {
  switch (turn.role) {
    case 'system':
      return { role: 'system', content: turn.text }
    case 'user': {
      const images = turn.parts.flatMap((part) => (part.kind === 'image' ? [imageDataOf(part)] : []))
      return definedFields({
        role: 'user',
        content: joinedText(turn.parts, 'text'),
        images: images.length === 0 ? undefined : images,
      })
    }
    case 'tool':
      return definedFields({
        role: 'tool',
        content: resultText(turn),
        tool_name: turn.name,
        tool_call_id: boundedId(turn.callId),
      })
    case 'assistant': {
      const calls = turn.parts.filter((part) => part.kind === 'call')
      return definedFields({
        role: 'assistant',
        content: joinedText(turn.parts, 'text'),
        thinking: joinedText(turn.parts, 'thinking') || undefined,
        tool_calls: calls.length === 0 ? undefined : calls.map(callOf),
      })
    }
  }
}

/** Ollama takes no addresses. */
function imageDataOf(image: ImagePart): string {
  if ('data' in image) return image.data
  throw uncarried('The model server fetches no pictures. Send the picture itself, in base64.', 'messages')
}

function callOf({ id, name, arguments: text }: CallPart): JsonObject {
  const input = text.trim() === '' ? {} : (parseObject(text) ?? { input: text })
  return { id: boundedId(id), function: { name, arguments: input } }
}

function toolOf({ name, description, parameters }: Conversation['tools'][number], schemas: ToolSchemas): JsonObject {
  const schema = schemas.write(parameters)
  const told = toldTogether(
    description === undefined || description === '' ? [] : [description],
    schema.remarks === '' ? [] : [schema.remarks],
  )
  return {
    type: 'function',
    function: definedFields({ name, description: told === '' ? undefined : told, parameters: schema.parameters }),
  }
}

/** What a request says itself goes before what stands in the options that it passes on. */
function optionsOf(others: JsonObject | undefined, contextLength: number | undefined, sampling: Sampling): JsonObject {
  return {
    ...others,
    ...definedFields({
      num_ctx: contextLength,
      num_predict: sampling.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      top_k: sampling.topK,
      min_p: sampling.minP,
      typical_p: sampling.typicalP,
      stop: sampling.stop,
      seed: sampling.seed,
      presence_penalty: sampling.presencePenalty,
      frequency_penalty: sampling.frequencyPenalty,
      repeat_penalty: sampling.repeatPenalty,
      repeat_last_n: sampling.repeatLastN,
    }),
  }
}

function thinkOf({ isOn, effort }: Thinking): boolean | string {
  return isOn && effort !== undefined ? effort : isOn
}

function formatOf(output: Output): string | JsonObject {
  return output.kind === 'json' ? 'json' : output.schema
}
