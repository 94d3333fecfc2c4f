import type { JsonObject } from '../../json-facts.ts'
import type { ImagePart, TextPart } from '../conversation.ts'
import { fileTextIn, imageIn } from '../data-url.ts'
import { type DroppedNames, objectAt, textField, uncarried, wrongType } from '../request-fields.ts'

/** How a prompt is cached, and what a provider noted on an answer, mean nothing to another server. */
const COMMON = ['type', 'cache_control', 'prompt_cache_breakpoint', 'annotations', 'logprobs']

/** What is known of parts of each type that is read. */
const PART_FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['input_text', new Set([...COMMON, 'text'])],
  ['output_text', new Set([...COMMON, 'text'])],
  ['text', new Set([...COMMON, 'text'])],
  ['refusal', new Set([...COMMON, 'refusal'])],
  ['input_image', new Set([...COMMON, 'image_url', 'detail'])],
  // Of its pages as pictures, which a plain text has none of.
  ['input_file', new Set([...COMMON, 'filename', 'file_data', 'detail'])],
])

/** The texts and pictures of a content: one text, or a list of parts. `param`: its path. */
export function readContent(content: unknown, param: string, dropped: DroppedNames): readonly (TextPart | ImagePart)[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) throw wrongType(param, 'a text or a list of parts')
  return content.flatMap((value, index) => {
    const place = `${param}[${index}]`
    const part = objectAt(value, place)
    const type = part['type']
    const known = typeof type === 'string' ? PART_FIELDS.get(type) : undefined
    if (known !== undefined) dropped.addOthers(part, known, `input.${type}`)
    return partOf(part, place, dropped)
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
  const image = imageIn(textField(part, 'image_url', `${param}.image_url`) ?? '')
  if (image !== undefined) return image
  throw uncarried(
    'That is no picture. Send it as a data URL in base64, or its address over HTTPS.',
    `${param}.image_url`,
  )
}

function fileText(part: JsonObject, param: string): string {
  const name = textField(part, 'filename', `${param}.filename`)
  const text = fileTextIn(textField(part, 'file_data', `${param}.file_data`) ?? '', name)
  if (text !== undefined) return text
  throw uncarried(
    'The gateway reads no files but plain text in a data URL. Send the text of the file, as a part "input_text".',
    `${param}.file_data`,
  )
}
