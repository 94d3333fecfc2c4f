import { type JsonObject, parseObject } from '../../json-facts.ts'
import type { CallPart, ImagePart, TextPart, ToolTurn, Turn } from '../conversation.ts'
import { withSystemFirst } from '../plain-turns.ts'
import { uncarried } from '../request-fields.ts'
import { ToolIds } from './tool-ids.ts'

const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'image/jpeg'],
  ['image/jpg', 'image/jpeg'],
  ['image/png', 'image/png'],
  ['image/gif', 'image/gif'],
  ['image/webp', 'image/webp'],
])

/** What a user says where a conversation begins with its assistant, which no message may. */
const OPENING = 'Begin.'

/** A result of a tool that failed without a word; it may not be empty. */
const FAILED = 'The tool failed.'

/** The history of a conversation as Anthropic has it. */
export interface WrittenMessages {
  /** Empty: there is none. */
  readonly system: string
  readonly messages: readonly JsonObject[]
}

interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: JsonObject[]
}

/**
 * Writes the turns as messages of users and assistants in turns. Results of tools come first in theirs. Blank texts, which
 * may not be in a message, are left out, and so is what was thought: nobody but Anthropic can sign it. System turns in the
 * middle stand marked in a user's, since not all servers take them as they are. Throws `invalid_request` for pictures of a
 * type that is not taken, and where nothing is said at all.
 */
export function writeMessages(turns: readonly Turn[]): WrittenMessages {
  const [first, ...rest] = withSystemFirst(turns)
  const system = first?.role === 'system' ? first.text : ''
  const said = first === undefined || first.role === 'system' ? rest : [first, ...rest]
  const ids = new ToolIds()
  const messages: Message[] = []
  for (const turn of said) {
    const role = turn.role === 'assistant' ? 'assistant' : 'user'
    const blocks = blocksOfTurn(turn, ids)
    if (blocks.length === 0) continue
    if (messages.length === 0 && role === 'assistant') messages.push({ role: 'user', content: [textBlock(OPENING)] })
    const last = messages.at(-1)
    if (last?.role !== role) messages.push({ role, content: [...blocks] })
    else for (const block of blocks) last.content.push(block)
  }
  if (messages.length === 0)
    throw uncarried('The request says nothing. Send at least one message of a user.', 'messages')
  return { system, messages: messages.map(({ role, content }) => ({ role, content: resultsFirst(role, content) })) }
}

/** A system turn may stand behind a call whose results follow. */
function resultsFirst(role: Message['role'], content: readonly JsonObject[]): readonly JsonObject[] {
  if (role === 'assistant') return content
  const isResult = (block: JsonObject) => block['type'] === 'tool_result'
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))]
}

function blocksOfTurn(turn: Turn, ids: ToolIds): readonly JsonObject[] {
  switch (turn.role) {
    case 'system':
      return blocksOfParts([{ kind: 'text', text: turn.text }])
    case 'user':
      return blocksOfParts(turn.parts)
    case 'tool':
      return [resultBlock(turn, ids)]
    case 'assistant':
      return turn.parts.flatMap((part) => {
        if (part.kind === 'thinking') return []
        return part.kind === 'call' ? [callBlock(part, ids)] : blocksOfParts([part])
      })
  }
}

function blocksOfParts(parts: readonly (TextPart | ImagePart)[]): readonly JsonObject[] {
  return parts.flatMap((part) => {
    if (part.kind === 'image') return [imageBlock(part)]
    return part.text.trim() === '' ? [] : [textBlock(part.text)]
  })
}

function textBlock(text: string): JsonObject {
  return { type: 'text', text }
}

function imageBlock(image: ImagePart): JsonObject {
  if ('url' in image) return { type: 'image', source: { type: 'url', url: image.url } }
  const { mediaType, data } = image
  const known = MEDIA_TYPES.get(mediaType)
  if (known === undefined) {
    throw uncarried(
      'A picture is of a type that the server does not take. Send it as PNG, JPEG, GIF or WebP.',
      'messages',
    )
  }
  return { type: 'image', source: { type: 'base64', media_type: known, data } }
}

/** What the model wrote as arguments that are no object is kept as it is, in one. */
function callBlock({ id, name, arguments: text }: CallPart, ids: ToolIds): JsonObject {
  const input = parseObject(text) ?? (text.trim() === '' ? {} : { arguments: text })
  return { type: 'tool_use', id: ids.ofCall(id), name, input }
}

function resultBlock({ callId, isError, parts }: ToolTurn, ids: ToolIds): JsonObject {
  const said = blocksOfParts(parts)
  const content = said.length === 0 && isError ? [textBlock(FAILED)] : said
  return {
    type: 'tool_result',
    tool_use_id: ids.ofResult(callId),
    ...(content.length > 0 && { content }),
    ...(isError && { is_error: true }),
  }
}
