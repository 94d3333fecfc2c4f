import { PunkuError } from '../../core/error.ts'
import type { FormatName } from '../../formats/format.ts'
import { type JsonObject, parseObject } from '../../formats/json-facts.ts'
import { type ModelDefaults, withDefaults } from '../../formats/model-defaults.ts'
import { type LeftOut, withoutLeftOut } from './left-out.ts'
import { chatClientIn, chatServerIn } from './translated-formats.ts'

/** How a chat is put into another format: plain data, which a thread can be sent. */
export interface ChatJob {
  readonly from: FormatName
  readonly to: FormatName
  /** What of its body is not sent. */
  readonly leftOut: readonly LeftOut[]
  readonly defaults: ModelDefaults | undefined
  /** Whether its model is known to think: some servers refuse a thought of any other. */
  readonly canThink: boolean
}

/** What is sent, and which defaults stand in it. */
type SentBody = Pick<CarriedChat, 'body' | 'filled'>

/** A chat in another format: plain data too. It holds nothing of the conversation but the body. */
export interface CarriedChat {
  readonly body: Buffer
  /** What of it has no place there: names of fields. The client chose them. */
  readonly dropped: readonly string[]
  /** The names of the defaults that stand in the body. */
  readonly filled: readonly string[]
  readonly wantsStream: boolean
  /** What of the request says how its answer is written. */
  readonly kept: JsonObject
}

/**
 * Puts the body of a chat into another format.
 * @throws PunkuError `invalid_request` for what cannot be carried there
 */
export function carryChat(bytes: Buffer, { from, to, leftOut, defaults, canThink }: ChatJob): CarriedChat {
  const [client, server, fields] = [chatClientIn(from), chatServerIn(to), fieldsIn(bytes, leftOut)]
  if (client === undefined || server === undefined) throw noTranslation()
  const conversation = client.read(fields)
  const isThoughtLost = server.refusesThoughts && conversation.thinking?.isOn === true && !canThink
  const { body, dropped } = server.write(isThoughtLost ? withoutThinking(conversation) : conversation)
  return {
    ...bodyIn(to, body, defaults),
    dropped: [...conversation.dropped, ...dropped, ...(isThoughtLost ? ['thinking'] : [])],
    wantsStream: conversation.wantsStream,
    kept: client.keep(fields),
  }
}

/** The fields of a body without what is left out of it. */
export function fieldsIn(bytes: Buffer, leftOut: readonly LeftOut[]): JsonObject {
  const fields = parseObject((leftOut.length === 0 ? bytes : withoutLeftOut(bytes, leftOut)).toString())
  if (fields === undefined) throw noTranslation()
  return fields
}

/** A body of that format, with what it leaves open as the defaults of its model say, and the names of these. */
export function bodyIn(format: FormatName, body: JsonObject, defaults: ModelDefaults | undefined): SentBody {
  const { body: sent, filled } = (defaults && withDefaults(format, body, defaults)) ?? { body, filled: [] }
  return { body: Buffer.from(JSON.stringify(sent)), filled }
}

function withoutThinking<T extends { readonly thinking?: unknown }>({ thinking: _, ...rest }: T): Omit<T, 'thinking'> {
  return rest
}

/** Nobody knows how: its plan was wrong. */
export const noTranslation = () =>
  new PunkuError('internal', 'The request cannot be put into the format of the model server.')
