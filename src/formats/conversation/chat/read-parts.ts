import { asObject, type JsonObject } from '../../json-facts.ts'
import type { ImagePart, TextPart } from '../conversation.ts'
import { fileTextIn, imageIn } from '../data-url.ts'
import { type DroppedNames, objectAt, objectField, textField, uncarried, wrongType } from '../request-fields.ts'

/** How a prompt is cached means nothing to another server. */
const PART_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'refusal', 'image_url', 'file', 'cache_control'])

/** The texts and pictures of a message's content: one text, or a list of parts. `param`: its path. */
export function readParts(content: unknown, param: string, dropped: DroppedNames): readonly (TextPart | ImagePart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) throw wrongType(param, 'a text or a list of parts')
  return content.map((value: unknown, index) => {
    const place = `${param}[${index}]`
    const part = objectAt(value, place)
    dropped.addOthers(part, PART_FIELDS, 'messages.content')
    return partOf(part, place, dropped)
  })
}

/** As `readParts`, where nothing but texts may stand; without the empty ones. */
export function readPartTexts(content: unknown, param: string, dropped: DroppedNames): readonly TextPart[] {
  const parts = readParts(content, param, dropped).map((part) => {
    if (part.kind === 'text') return part
    throw uncarried('A picture can stand only in what a user or a tool says. Move it there, or leave it out.', param)
  })
  return parts.filter(({ text }) => text !== '')
}

function partOf(part: JsonObject, param: string, dropped: DroppedNames): TextPart | ImagePart {
  switch (part['type']) {
    case 'text':
      return { kind: 'text', text: textField(part, 'text', `${param}.text`) ?? '' }
    case 'refusal':
      return { kind: 'text', text: textField(part, 'refusal', `${param}.refusal`) ?? '' }
    case 'image_url':
      return imageOf(part, `${param}.image_url`, dropped)
    case 'file':
      return { kind: 'text', text: fileText(objectField(part, 'file', `${param}.file`) ?? {}, `${param}.file`) }
    default:
      throw uncarried('A part of a content is of a kind that no model server takes. Send it as text.', `${param}.type`)
  }
}

/** Some clients give the URL alone. */
function imageOf(part: JsonObject, param: string, dropped: DroppedNames): ImagePart {
  const { url, detail } = asObject(part['image_url']) ?? { url: part['image_url'] }
  if (detail !== undefined && detail !== null && detail !== 'auto') dropped.add('detail', 'messages.image_url')
  const image = typeof url === 'string' ? imageIn(url) : undefined
  if (image !== undefined) return image
  throw uncarried('That is no picture. Send it as a data URL in base64, or its address over HTTPS.', param)
}

function fileText(file: JsonObject, param: string): string {
  const name = textField(file, 'filename', `${param}.filename`)
  const text = fileTextIn(textField(file, 'file_data', `${param}.file_data`) ?? '', name)
  if (text !== undefined) return text
  throw uncarried(
    'The gateway reads no files but plain text in a data URL. Send the text of the file, as a part "text".',
    `${param}.file_data`,
  )
}
