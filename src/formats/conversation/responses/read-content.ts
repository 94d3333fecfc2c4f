import type { JsonObject } from '../../json-facts.ts'
import type { ImagePart, TextPart } from '../conversation.ts'
import { type DroppedNames, objectAt, textField, uncarried, wrongType } from '../request-fields.ts'

const IMAGE_URL = /^data:(image\/[a-z0-9.+-]{1,64});base64,([A-Za-z0-9+/]+={0,2})$/i
const TEXT_URL = /^data:text\/plain(?:;charset=(?:utf-8|us-ascii))?(;base64)?,(.*)$/is

/** The texts and pictures of a content: one text, or a list of parts. `param`: its path. */
export function readContent(content: unknown, param: string, dropped: DroppedNames): readonly (TextPart | ImagePart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) throw wrongType(param, 'a text or a list of parts')
  return content.flatMap((value, index) => {
    const place = `${param}[${index}]`
    return partOf(objectAt(value, place), place, dropped)
  })
}

/** As `readContent`, where nothing but texts may stand. */
export function readTexts(content: unknown, param: string, dropped: DroppedNames): readonly TextPart[] {
  return readContent(content, param, dropped).map((part) => {
    if (part.kind === 'text') return part
    throw uncarried('A picture can stand only in what a user or a tool says. Move it there, or leave it out.', param)
  })
}

function partOf(part: JsonObject, param: string, dropped: DroppedNames): (TextPart | ImagePart)[] {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return [{ kind: 'text', text: textField(part, 'text', `${param}.text`) ?? '' }]
    case 'refusal':
      return [{ kind: 'text', text: textField(part, 'refusal', `${param}.refusal`) ?? '' }]
    case 'input_image':
      return [imageOf(part, param, dropped)]
    case 'input_file':
      return [{ kind: 'text', text: fileText(part, param) }]
    case 'encrypted_content':
      dropped.add('encrypted_content', 'input')
      return []
    default:
      throw uncarried('A part of a content is of a kind that no model server takes. Send it as text.', `${param}.type`)
  }
}

function imageOf(part: JsonObject, param: string, dropped: DroppedNames): ImagePart {
  const { detail } = part
  if (detail !== undefined && detail !== null && detail !== 'auto') dropped.add('detail', 'input.input_image')
  const [, mediaType, data] = IMAGE_URL.exec(textField(part, 'image_url', `${param}.image_url`) ?? '') ?? []
  if (mediaType !== undefined && data !== undefined) return { kind: 'image', mediaType: mediaType.toLowerCase(), data }
  throw uncarried(
    'The gateway fetches no pictures. Send the picture itself, as a data URL in base64.',
    `${param}.image_url`,
  )
}

/** The text of a file, under its name. */
function fileText(part: JsonObject, param: string): string {
  const [, base64, data] = TEXT_URL.exec(textField(part, 'file_data', `${param}.file_data`) ?? '') ?? []
  const text = data === undefined ? undefined : decoded(data, base64 !== undefined)
  if (text === undefined) {
    throw uncarried(
      'The gateway reads no files but plain text in a data URL. Send the text of the file, as a part "input_text".',
      `${param}.file_data`,
    )
  }
  const name = textField(part, 'filename', `${param}.filename`)
  return name === undefined || name === '' ? text : `${name}:\n\n${text}`
}

/** `undefined`: it is not what it says. */
function decoded(data: string, isBase64: boolean): string | undefined {
  try {
    if (!isBase64) return decodeURIComponent(data)
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
