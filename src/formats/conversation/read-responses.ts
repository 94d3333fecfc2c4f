import type { JsonObject } from '../json-facts.ts'
import type { Conversation, ConversationReader, Output, Running, Sampling, Thinking } from './conversation.ts'
import { OPENAI_EFFORTS } from './openai-efforts.ts'
import { RUNNING_FIELDS, readRunning } from './read-running.ts'
import {
  countField,
  DroppedNames,
  flagField,
  namedField,
  numberField,
  objectField,
  textField,
  uncarried,
} from './request-fields.ts'
import { readInput } from './responses/read-input.ts'
import { readToolChoice, readTools } from './responses/read-tools.ts'

/** What is read, and what may be passed over: it changes nothing of the answer, or has no meaning for a model server. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...['model', 'instructions', 'input', 'previous_response_id', 'conversation', 'background', 'stream'],
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'temperature', 'top_p', 'reasoning', 'text'],
  ...['store', 'metadata', 'client_metadata', 'include', 'prompt_cache_key', 'user', 'safety_identifier'],
  ...['service_tier', 'truncation', 'stream_options', 'max_tool_calls'],
  ...RUNNING_FIELDS,
])
const KNOWN_REASONING_FIELDS = new Set(['effort', 'summary', 'generate_summary'])
const KNOWN_TEXT_FIELDS = new Set(['format', 'verbosity'])
const KNOWN_FORMAT_FIELDS = new Set(['type', 'name', 'schema', 'strict'])

/**
 * Reads the body of OpenAI's `/v1/responses`. The gateway keeps no conversations: what needs an earlier one is refused.
 * `callFormsOf` tells how the calls of its answer are to be written.
 */
export const readResponsesRequest: ConversationReader = (body) => {
  refuseKept(body)
  const dropped = new DroppedNames()
  const model = namedField(body, 'model')
  const turns = readInput(body, dropped)
  const tools = readTools(body, dropped)
  const toolChoice = readToolChoice(body, tools, dropped)
  const mayCallSeveral = flagField(body, 'parallel_tool_calls')
  const run = readRunning(body)
  const thinking = readThinking(body, dropped) ?? run.thinking
  const output = readOutput(body, dropped)
  const running = runningOf(body, run.running, dropped)
  dropped.addOthers(body, KNOWN_FIELDS)
  return {
    model,
    turns,
    tools,
    ...(toolChoice !== undefined && { toolChoice }),
    ...(mayCallSeveral !== undefined && { mayCallSeveral }),
    sampling: { ...run.sampling, ...readSampling(body) },
    ...(thinking !== undefined && { thinking }),
    ...(output !== undefined && { output }),
    running,
    wantsStream: flagField(body, 'stream') ?? false,
    dropped: dropped.list,
  } satisfies Conversation
}

function refuseKept(body: JsonObject): void {
  for (const name of ['previous_response_id', 'conversation']) {
    if ((body[name] ?? undefined) === undefined) continue
    throw uncarried(`The gateway keeps no conversations, so that "${name}" has no meaning. Send the whole input.`, name)
  }
  if (flagField(body, 'background') === true) {
    throw uncarried(
      'The gateway keeps no conversations, so that none can go on in the background. Send the whole input without "background".',
      'background',
    )
  }
}

/** Where nothing is said of it, what is too long is an error, by the words of the format. */
function runningOf(body: JsonObject, running: Running | undefined, dropped: DroppedNames): Running {
  const truncation = textField(body, 'truncation') ?? 'disabled'
  if (truncation !== 'auto' && truncation !== 'disabled') dropped.add('truncation')
  return { truncates: truncation === 'auto', ...running }
}

function readSampling(body: JsonObject): Sampling {
  const maxTokens = countField(body, 'max_output_tokens')
  const temperature = numberField(body, 'temperature')
  const topP = numberField(body, 'top_p')
  return {
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
  }
}

function readThinking(body: JsonObject, dropped: DroppedNames): Thinking | undefined {
  const reasoning = objectField(body, 'reasoning') ?? {}
  dropped.addOthers(reasoning, KNOWN_REASONING_FIELDS, 'reasoning')
  const word = textField(reasoning, 'effort', 'reasoning.effort')
  if (word === undefined) return undefined
  if (word === 'none') return { isOn: false }
  const effort = OPENAI_EFFORTS.get(word)
  if (effort !== undefined) return { isOn: true, effort }
  dropped.add('effort', 'reasoning')
  return undefined
}

function readOutput(body: JsonObject, dropped: DroppedNames): Output | undefined {
  const text = objectField(body, 'text') ?? {}
  dropped.addOthers(text, KNOWN_TEXT_FIELDS, 'text')
  const format = objectField(text, 'format', 'text.format')
  if (format === undefined || format['type'] === 'text') return undefined
  if (format['type'] === 'json_object') return { kind: 'json' }
  if (format['type'] !== 'json_schema') {
    dropped.add('format', 'text')
    return undefined
  }
  dropped.addOthers(format, KNOWN_FORMAT_FIELDS, 'text.format')
  const schema = objectField(format, 'schema', 'text.format.schema')
  if (schema === undefined)
    throw uncarried('The field "text.format.schema" is missing. Add the schema.', 'text.format.schema')
  const isStrict = flagField(format, 'strict', 'text.format.strict')
  const name = namedField(format, 'name', 'text.format.name')
  return { kind: 'schema', name, schema, ...(isStrict !== undefined && { isStrict }) }
}
