import type { CallPart, ImagePart, TextPart, ThinkingPart, ToolTurn, Turn } from '../conversation.ts'
import type { DroppedNames } from '../request-fields.ts'
import { type Block, blocksOf, readSaid, readSystem, readTextual } from './read-blocks.ts'
import { neededText, neededToolName, refusedField, toldBoolean, toldList, toldObject, toldText } from './told.ts'

type SaidPart = TextPart | ImagePart
type AssistantPart = TextPart | ThinkingPart | CallPart

/** What no other server can read again: only Anthropic has the key to it. */
const SEALED = 'redacted_thinking'

/** By what name a message was known, and how it is cached, mean nothing to another server. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(['role', 'content', 'cache_control', 'id'])

/** What stands in one role alone. In another one it would change who said it. */
const ROLES: ReadonlyMap<string, Turn['role']> = new Map([
  ['image', 'user'],
  ['tool_result', 'user'],
  ['tool_use', 'assistant'],
  ['thinking', 'assistant'],
  [SEALED, 'assistant'],
])

/**
 * The turns of `messages`. Results of tools come before what else their message says. Blocks that cannot be carried are
 * named in `dropped` as `messages.content.<type>`. Throws `invalid_request`.
 */
export function readTurns(messages: unknown, dropped: DroppedNames): readonly Turn[] {
  const list = toldList(messages, 'messages') ?? []
  if (list.length === 0) throw refusedField('messages', 'must hold at least one message.')
  const reader = new TurnReader(dropped)
  return list.flatMap((message, index) => reader.read(message, `messages.${index}`))
}

/** Reads messages in their order, since a result names its tool by an earlier call alone. */
class TurnReader {
  readonly #dropped: DroppedNames
  readonly #toolNames = new Map<string, string>()

  constructor(dropped: DroppedNames) {
    this.#dropped = dropped
  }

  read(value: unknown, param: string): readonly Turn[] {
    const message = toldObject(value, param) ?? {}
    this.#dropped.addOthers(message, MESSAGE_FIELDS, 'messages')
    const content = message['content']
    switch (message['role']) {
      case 'user':
        return this.#readUser(blocksOf(content, `${param}.content`, this.#dropped))
      case 'assistant':
        return this.#readAssistant(blocksOf(content, `${param}.content`, this.#dropped))
      case 'system': {
        const text = readSystem(content, `${param}.content`, this.#dropped)
        return text === '' ? [] : [{ role: 'system', text }]
      }
      default:
        throw refusedField(`${param}.role`, 'must be "user", "assistant" or "system".')
    }
  }

  #readUser(blocks: readonly Block[]): readonly Turn[] {
    const results: ToolTurn[] = []
    const parts: SaidPart[] = []
    for (const block of blocks) {
      if (block.type === 'tool_result') results.push(this.#readResult(block))
      else parts.push(...this.#orDropped(block, 'user', readSaid(block, this.#dropped)))
    }
    return parts.length === 0 ? results : [...results, { role: 'user', parts }]
  }

  #readAssistant(blocks: readonly Block[]): readonly Turn[] {
    const parts = blocks.flatMap((block) => this.#readAssistantPart(block))
    return parts.length === 0 ? [] : [{ role: 'assistant', parts }]
  }

  #readAssistantPart(block: Block): readonly AssistantPart[] {
    const { type, fields, param } = block
    if (type === 'tool_use') return [this.#readCall(block)]
    if (type !== 'thinking') return this.#orDropped(block, 'assistant', readTextual(block, this.#dropped))
    // It is empty where a client asked for none to be shown.
    const text = toldText(fields['thinking'], `${param}.thinking`) ?? ''
    return text === '' ? [] : [{ kind: 'thinking', text }]
  }

  #readCall({ fields, param }: Block): CallPart {
    const id = neededText(fields['id'], `${param}.id`)
    const name = neededToolName(fields['name'], `${param}.name`)
    this.#toolNames.set(id, name)
    return { kind: 'call', id, name, arguments: JSON.stringify(toldObject(fields['input'], `${param}.input`) ?? {}) }
  }

  #readResult({ fields, param }: Block): ToolTurn {
    const callId = neededText(fields['tool_use_id'], `${param}.tool_use_id`)
    const blocks = blocksOf(fields['content'] ?? [], `${param}.content`, this.#dropped)
    return {
      role: 'tool',
      callId,
      name: this.#toolNames.get(callId),
      isError: toldBoolean(fields['is_error'], `${param}.is_error`) ?? false,
      parts: blocks.flatMap((block) => this.#orDropped(block, 'user', readSaid(block, this.#dropped))),
    }
  }

  #orDropped<Part>({ type, param }: Block, role: Turn['role'], part: Part | undefined): readonly Part[] {
    if (part !== undefined) return [part]
    const itsRole = ROLES.get(type) ?? role
    if (itsRole !== role) throw refusedField(param, `is of a type that only a message of role "${itsRole}" may hold.`)
    this.#dropped.add(type, 'messages.content')
    return []
  }
}
