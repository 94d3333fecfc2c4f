import type { WholeCalls } from './families/call-counters.ts'
import type { AnswerFacts, Usage } from './format.ts'
import { asText, type JsonObject, parseObject } from './json-facts.ts'
import { smallFields } from './small-fields.ts'
import { utf8Text } from './text.ts'
import { NO_TOOL_CALLS, type ToolCalls, ToolCallTally } from './tool-calls.ts'
import { NO_USAGE } from './usage.ts'

/** The longest answer whose calls are counted: reading all of a longer one would hold the loop for too long. */
const MAX_COUNTED_BYTES = 1_048_576

/**
 * A `WireFormat.readAnswer` of answers that name their model in `model`, and their usage where `usageOf` finds it.
 * @param calls default: they call no tools
 */
export function answerReader(
  usageOf: (answer: JsonObject) => Usage | undefined,
  calls?: WholeCalls,
): (body: Uint8Array) => AnswerFacts {
  return (body) => {
    const answer = smallFields(body)
    if (answer === undefined) return { usage: NO_USAGE, model: undefined, toolCalls: NO_TOOL_CALLS }
    const toolCalls = calls === undefined ? NO_TOOL_CALLS : callsIn(body, calls)
    return { usage: usageOf(answer) ?? NO_USAGE, model: asText(answer['model']), toolCalls }
  }
}

function callsIn(body: Uint8Array, { marker, count }: WholeCalls): ToolCalls {
  if (body.length > MAX_COUNTED_BYTES) return NO_TOOL_CALLS
  const text = utf8Text(body)
  const answer = marker.test(text) ? parseObject(text) : undefined
  if (answer === undefined) return NO_TOOL_CALLS
  const tally = new ToolCallTally()
  count(answer, tally)
  return tally.counts
}
