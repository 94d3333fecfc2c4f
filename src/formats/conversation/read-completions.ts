import type { JsonObject } from '../json-facts.ts'
import { readResponseFormat } from './chat/read-response-format.ts'
import { CHAT_SAMPLING_FIELDS, readChatSampling, refuseSeveralAnswers, wholeField } from './chat/read-sampling.ts'
import type { Conversation, ConversationReader } from './conversation.ts'
import { RUNNING_FIELDS, readRunning } from './read-running.ts'
import { DroppedNames, flagField, namedField, refuseTools, textField, uncarried, wrongType } from './request-fields.ts'

/** What is read, and what may be passed over: it changes nothing of the answer. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...['model', 'prompt', 'suffix', 'echo', 'best_of', 'n', 'logprobs', 'stream', 'stream_options', 'user'],
  // Servers other than OpenAI's hold the model to a schema here too.
  ...['response_format', 'tools'],
  ...CHAT_SAMPLING_FIELDS,
  ...RUNNING_FIELDS,
])

/** Reads the body of OpenAI's old `/v1/completions`: its prompt is what a user says. A null says nothing. */
export const readCompletionsRequest: ConversationReader = (body) => {
  refuseSeveralAnswers(body, ['n', 'best_of'])
  refuseMoreThanAnAnswer(body)
  refuseTools(body, '/v1/chat/completions')
  const dropped = new DroppedNames()
  const run = readRunning(body)
  const output = readResponseFormat(body, dropped)
  const logprobs = wholeField(body, 'logprobs')
  dropped.addOthers(body, KNOWN_FIELDS)
  return {
    model: namedField(body, 'model'),
    turns: [{ role: 'user', parts: [{ kind: 'text', text: promptOf(body) }] }],
    tools: [],
    sampling: { ...run.sampling, ...readChatSampling(body) },
    ...(run.thinking !== undefined && { thinking: run.thinking }),
    ...(output !== undefined && { output }),
    ...(logprobs !== undefined && { logprobs }),
    ...(run.running !== undefined && { running: run.running }),
    wantsStream: flagField(body, 'stream') ?? false,
    dropped: dropped.list,
  } satisfies Conversation
}

/** An answer to a turn has no text behind it, and does not begin with what was asked. */
function refuseMoreThanAnAnswer(body: JsonObject): void {
  if ((textField(body, 'suffix') ?? '') !== '') {
    throw uncarried(
      'The request can be served only as a turn of a conversation, which has no text behind it. Send it without "suffix".',
      'suffix',
    )
  }
  if (flagField(body, 'echo') === true) {
    throw uncarried('The gateway gives no prompt back with its answer. Send the request without "echo".', 'echo')
  }
}

function promptOf({ prompt }: JsonObject): string {
  const [only, ...others] = Array.isArray(prompt) ? (prompt as readonly unknown[]) : [prompt]
  if (typeof only === 'string' && others.length === 0) return only
  if (typeof only !== 'string' && !Array.isArray(prompt)) throw wrongType('prompt', 'a text')
  throw uncarried('The gateway carries one prompt in a request, as text. Send each by itself, and no tokens.', 'prompt')
}
