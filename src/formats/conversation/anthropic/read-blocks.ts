import type { JsonObject } from '../../json-facts.ts'
import type { ImagePart, TextPart } from '../conversation.ts'
import { imageIn } from '../data-url.ts'
import type { DroppedNames } from '../request-fields.ts'
import { nameOtherFields } from './block-fields.ts'
import { neededText, refusedField, toldList, toldObject, toldText } from './told.ts'

/** What the block begins with by which Claude Code says who pays. It differs in every request, and so breaks caches of prompts. */
const BILLING_PREFIX = 'x-anthropic-billing-header:'

const BLANK_LINE = '\n\n'
const DATA_URL = /^data:(image\/[\w.+-]{1,64});base64,/i
const MEDIA_TYPE = /^image\/[\w.+-]{1,64}$/i
const NO_BASE64 = /[^A-Za-z0-9+/=\r\n]/

/** One block of a content, and where it stands. */
export interface Block {
  readonly type: string
  readonly fields: JsonObject
  /** `messages.2.content.0` and the like. */
  readonly param: string
}

/**
 * The blocks of a content that is an array; a text is one block. What they say that is not carried is named in `dropped`, as
 * of `group`. Throws `invalid_request` for what is neither.
 */
export function blocksOf(
  content: unknown,
  param: string,
  dropped: DroppedNames,
  group = 'messages.content',
): readonly Block[] {
  if (typeof content === 'string') return [{ type: 'text', fields: { text: content }, param }]
  if (!Array.isArray(content)) throw refusedField(param, 'must be text or an array of blocks.')
  return content.map((value: unknown, index) => {
    const place = `${param}.${index}`
    const fields = toldObject(value, place) ?? {}
    const type = neededText(fields['type'], `${place}.type`)
    nameOtherFields(type, fields, dropped, group)
    return { type, fields, param: place }
  })
}

/** The words of a system prompt, blocks apart by a blank line, without the block that says who pays. */
export function readSystem(content: unknown, param: string, dropped: DroppedNames): string {
  if (typeof content === 'string') return content
  const texts: string[] = []
  for (const block of blocksOf(content, param, dropped, 'system')) {
    if (block.type === 'text') texts.push(textOfBlock(block))
    else dropped.add(block.type, 'system')
  }
  return joined(texts.filter((text) => !text.startsWith(BILLING_PREFIX)))
}

/** The text of a `text` block. */
export function textOfBlock({ fields, param }: Block): string {
  const text = toldText(fields['text'], `${param}.text`)
  if (text === undefined) throw refusedField(`${param}.text`, 'must be text.')
  return text
}

/**
 * What a block says that may stand in a user's turn as well as in a tool's result: text, a picture, a document, what a
 * search found. `undefined`: it is none of them. Throws `invalid_request`.
 */
export function readSaid(block: Block, dropped: DroppedNames): TextPart | ImagePart | undefined {
  return block.type === 'image' ? readImage(block) : readTextual(block, dropped)
}

/** The same of what is text in the end. */
export function readTextual(block: Block, dropped: DroppedNames): TextPart | undefined {
  switch (block.type) {
    case 'text':
      return { kind: 'text', text: textOfBlock(block) }
    case 'document':
      return { kind: 'text', text: readDocument(block, dropped) }
    case 'search_result':
      return { kind: 'text', text: readSearchResult(block, dropped) }
    default:
      return undefined
  }
}

/** In the request itself, or at an address: what stands with the account's other files is not to be had. */
function readImage({ fields, param }: Block): ImagePart {
  const place = `${param}.source`
  const source = toldObject(fields['source'], place) ?? {}
  if (source['type'] === 'base64') return imageOf(source['media_type'], source['data'], place)
  const url = source['type'] === 'url' ? neededText(source['url'], `${place}.url`) : ''
  const match = DATA_URL.exec(url)
  if (match === null) {
    const linked = imageIn(url)
    if (linked !== undefined) return linked
    throw refusedField(place, 'must hold the picture itself as base64, or its address over HTTPS.')
  }
  return imageOf(match[1], url.slice(match[0].length), place)
}

function imageOf(mediaType: unknown, data: unknown, place: string): ImagePart {
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType)) {
    throw refusedField(`${place}.media_type`, 'must name a type of picture, such as "image/png".')
  }
  if (typeof data !== 'string' || data === '' || NO_BASE64.test(data)) {
    throw refusedField(`${place}.data`, 'must be base64.')
  }
  return { kind: 'image', mediaType: mediaType.toLowerCase(), data }
}

/** A document with its title and context before it, as far as it has them. */
function readDocument({ fields, param }: Block, dropped: DroppedNames): string {
  const title = toldText(fields['title'], `${param}.title`) ?? ''
  const context = toldText(fields['context'], `${param}.context`) ?? ''
  const place = `${param}.source`
  const source = toldObject(fields['source'], place) ?? {}
  if (source['type'] === 'text') return joined([title, context, neededText(source['data'], `${place}.data`)])
  if (source['type'] !== 'content') throw refusedField(place, 'must be text: other documents cannot be read here.')
  const texts = blocksOf(source['content'], `${place}.content`, dropped).map((block) => {
    if (block.type !== 'text') throw refusedField(block.param, 'must be text: other documents cannot be read here.')
    return textOfBlock(block)
  })
  return joined([title, context, ...texts])
}

function readSearchResult({ fields, param }: Block, dropped: DroppedNames): string {
  const title = toldText(fields['title'], `${param}.title`) ?? ''
  const source = toldText(fields['source'], `${param}.source`) ?? ''
  const blocks = blocksOf(toldList(fields['content'], `${param}.content`) ?? [], `${param}.content`, dropped)
  return joined([title, source, ...blocks.map(textOfBlock)])
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(BLANK_LINE)
}
