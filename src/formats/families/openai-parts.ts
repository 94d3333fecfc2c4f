import { type AnswerPart, argued, called, counted, isNamed, said, stopped } from '../answer-parts.ts'
import { asCount, asList, asObject, type JsonObject } from '../json-facts.ts'
import { likely, likelyInColumns } from './logprobs.ts'
import { readOpenaiUsage } from './openai-usage.ts'

/** What one chunk of a streamed completion says. */
export function partsOfChunk(chunk: JsonObject): readonly AnswerPart[] {
  const choice = asObject(asList(chunk['choices'])[0]) ?? {}
  return [...partsOfChoice(choice, asObject(choice['delta']) ?? {}), ...counted(readOpenaiUsage(chunk))]
}

/** What a whole completion says; nothing, not even its end, where it is none. */
export function partsOfCompletion(answer: JsonObject): readonly AnswerPart[] {
  const choice = asObject(asList(answer['choices'])[0])
  if (choice === undefined) return []
  return [
    ...partsOfChoice(choice, asObject(choice['message']) ?? {}),
    ...counted(readOpenaiUsage(answer)),
    { kind: 'end' },
  ]
}

/**
 * What a choice says in its delta or message; of `/v1/completions`, which has none, in its `text`. Reasoning is
 * `reasoning_content` to some servers and `reasoning` to others. Beside `finish_reason`, vLLM has the stop sequence in
 * `stop_reason`.
 */
function partsOfChoice(choice: JsonObject, message: JsonObject): readonly AnswerPart[] {
  const logprobs = asObject(choice['logprobs']) ?? {}
  return [
    ...said('reasoning', message['reasoning_content'] ?? message['reasoning']),
    ...saidInContent(message['content'] ?? choice['text']),
    ...said('text', message['refusal']),
    ...likely(logprobs['content']),
    ...likelyInColumns(logprobs),
    ...partsOfCalls(message),
    ...stopped(choice['finish_reason'], choice['stop_reason']),
  ]
}

/** A content is a text, or a list of parts with one each. */
function saidInContent(content: unknown): readonly AnswerPart[] {
  if (!Array.isArray(content)) return said('text', content)
  return content.flatMap((value) => {
    const part = asObject(value)
    return part?.['type'] === 'text' ? said('text', part['text']) : []
  })
}

/** Before there were several, a call was one `function_call`. */
function partsOfCalls(message: JsonObject): readonly AnswerPart[] {
  const calls = message['tool_calls']
  if (Array.isArray(calls)) return calls.flatMap(partsOfCall)
  const call = asObject(message['function_call'])
  return call === undefined ? [] : partsOfCall({ function: call }, 0)
}

/** A piece of a tool call: the first has its name, and most servers send its arguments in pieces behind that. */
function partsOfCall(value: unknown, position: number): readonly AnswerPart[] {
  const call = asObject(value) ?? {}
  const { name, arguments: given } = asObject(call['function']) ?? {}
  const index = asCount(call['index']) ?? position
  return isNamed(name) ? called(index, call['id'], name, given) : argued(index, given)
}
