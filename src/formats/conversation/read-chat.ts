import type { JsonObject } from '../json-facts.ts'
import { readChosenTools } from './chat/read-choice.ts'
import { readFunctions } from './chat/read-functions.ts'
import { readMessages } from './chat/read-messages.ts'
import { readReasoning } from './chat/read-reasoning.ts'
import { readResponseFormat } from './chat/read-response-format.ts'
import { CHAT_SAMPLING_FIELDS, readChatSampling, refuseSeveralAnswers, wholeField } from './chat/read-sampling.ts'
import type { Conversation, ConversationReader } from './conversation.ts'
import { RUNNING_FIELDS, readRunning } from './read-running.ts'
import { DroppedNames, flagField, listField, namedField, uncarried } from './request-fields.ts'

/** What is read, and what may be passed over: it changes nothing of the answer, or has no meaning for a model server. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'tools', 'functions', 'tool_choice', 'function_call', 'parallel_tool_calls', 'n', 'stream'],
  ...['reasoning_effort', 'reasoning', 'chat_template_kwargs', 'response_format', 'logprobs', 'top_logprobs'],
  ...['audio', 'modalities', 'stream_options', 'user', 'metadata', 'store', 'service_tier', 'safety_identifier'],
  ...['prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention', 'verbosity', 'prediction'],
  ...CHAT_SAMPLING_FIELDS,
  ...RUNNING_FIELDS,
])

/** Reads the body of OpenAI's `/v1/chat/completions`, with the fields that other servers of it know too. A null says nothing. */
export const readChatRequest: ConversationReader = (body) => {
  refuseSeveralAnswers(body, ['n'])
  refuseSound(body)
  const dropped = new DroppedNames()
  const model = namedField(body, 'model')
  const turns = readMessages(body, dropped)
  const chosen = readChosenTools(body, readFunctions(body, dropped), dropped)
  const mayCallSeveral = flagField(body, 'parallel_tool_calls')
  const run = readRunning(body)
  const thinking = readReasoning(body, dropped) ?? run.thinking
  const output = readResponseFormat(body, dropped)
  const logprobs = readLogprobs(body, dropped)
  dropped.addOthers(body, KNOWN_FIELDS)
  return {
    model,
    turns,
    ...chosen,
    ...(mayCallSeveral !== undefined && { mayCallSeveral }),
    sampling: { ...run.sampling, ...readChatSampling(body) },
    ...(thinking !== undefined && { thinking }),
    ...(output !== undefined && { output }),
    ...(logprobs !== undefined && { logprobs }),
    ...(run.running !== undefined && { running: run.running }),
    wantsStream: flagField(body, 'stream') ?? false,
    dropped: dropped.list,
  } satisfies Conversation
}

function refuseSound(body: JsonObject): void {
  const isText = listField(body, 'modalities').every((modality) => modality === 'text')
  if (isText && (body['audio'] ?? undefined) === undefined) return
  const param = isText ? 'audio' : 'modalities'
  throw uncarried(`The gateway carries answers of text alone. Send the request without "${param}".`, param)
}

/** Without `logprobs` the other field asks for nothing. */
function readLogprobs(body: JsonObject, dropped: DroppedNames): number | undefined {
  const others = wholeField(body, 'top_logprobs') ?? 0
  if (flagField(body, 'logprobs') === true) return others
  if (others > 0) dropped.add('top_logprobs')
  return undefined
}
