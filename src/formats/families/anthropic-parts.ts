import { type AnswerPart, argued, called, counted, type PartsReader, said, stopped } from '../answer-parts.ts'
import { asCount, asList, asObject, type JsonObject } from '../json-facts.ts'
import { StreamedUsage, usageOfMessage } from './anthropic-usage.ts'

/** So many calls may be open at once. Blocks come one behind the other, and some servers close theirs only at the end. */
const MAX_OPEN_CALLS = 1_024

/** Begins to read the events of one streamed message. A call is told by the index of its block. */
export function messageReader(): PartsReader {
  const usage = new StreamedUsage()
  /** By its block, the input that a call began with, as long as no piece has come of it; then an empty text. */
  const calls = new Map<number, string>()
  const begin = (index: number, block: JsonObject): readonly AnswerPart[] => {
    if (block['type'] !== 'tool_use') return partsOfBlock(block, index)
    if (calls.size >= MAX_OPEN_CALLS) return [{ kind: 'failed', message: 'The answer calls too many tools at once.' }]
    const call = called(index, block['id'], block['name'], undefined)
    if (call.length > 0) calls.set(index, inputOf(block) ?? '')
    return call
  }
  const goOn = (index: number, { thinking, text, partial_json: piece }: JsonObject): readonly AnswerPart[] => {
    // Other blocks have such pieces too: those of tools that the server runs.
    if (!calls.has(index)) return [...said('reasoning', thinking), ...said('text', text)]
    if (isPiece(piece)) calls.set(index, '')
    return argued(index, piece)
  }
  const close = (index: number): readonly AnswerPart[] => {
    const given = calls.get(index)
    calls.delete(index)
    return argued(index, given)
  }
  return (event) => {
    const index = asCount(event['index']) ?? 0
    const delta = asObject(event['delta']) ?? {}
    switch (event['type']) {
      case 'message_start':
        return counted(usage.start(asObject(event['message']) ?? {}))
      case 'content_block_start':
        return begin(index, asObject(event['content_block']) ?? {})
      case 'content_block_delta':
        return goOn(index, delta)
      case 'content_block_stop':
        return close(index)
      case 'message_delta':
        return [...stopped(delta['stop_reason'], delta['stop_sequence']), ...counted(usage.add(event['usage']))]
      case 'message_stop':
        return [{ kind: 'end' }]
      default:
        return []
    }
  }
}

/** What a whole message says; nothing, not even its end, where it is none. */
export function partsOfMessage(message: JsonObject): readonly AnswerPart[] {
  if (!Array.isArray(message['content'])) return []
  return [
    ...asList(message['content']).flatMap((block, index) => partsOfBlock(asObject(block) ?? {}, index)),
    ...stopped(message['stop_reason'], message['stop_sequence']),
    ...counted(usageOfMessage(message)),
    { kind: 'end' },
  ]
}

/** What a block says as far as it is there. Those of tools that the server runs, and thinking that is sealed, say nothing. */
function partsOfBlock(block: JsonObject, index: number): readonly AnswerPart[] {
  switch (block['type']) {
    case 'text':
      return said('text', block['text'])
    case 'thinking':
      // Some servers tell it as text.
      return said('reasoning', isPiece(block['thinking']) ? block['thinking'] : block['text'])
    case 'tool_use':
      return called(index, block['id'], block['name'], inputOf(block))
    default:
      return []
  }
}

/** The input as text; `undefined`: it is empty, as it is where pieces follow. */
function inputOf({ input }: JsonObject): string | undefined {
  const given = asObject(input) ?? {}
  return Object.keys(given).length === 0 ? undefined : JSON.stringify(given)
}

function isPiece(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
