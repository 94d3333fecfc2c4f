import type { JsonObject } from '../../json-facts.ts'
import type { ImagePart } from '../conversation.ts'
import { listField, uncarried, wrongType } from '../request-fields.ts'

const DATA_URL = /^data:(image\/[a-z0-9.+-]{1,64})?;base64,/i
const ADDRESS = /^[a-z][a-z0-9+.-]{1,15}:\/\//i
const NO_BASE64 = /[^A-Za-z0-9+/=\r\n]/

/** How pictures begin, each byte a character. */
const BEGINNINGS: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF[\s\S]{4}WEBP/, 'image/webp'],
]

/** The least number of characters of base64 by which all of these can be told. */
const TOLD_CHARACTERS = 16

/** The pictures in `images`, of which Ollama says no media type. `param`: the path of `images`. */
export function readImages(object: JsonObject, param: string): readonly ImagePart[] {
  return listField(object, 'images', param).map((image, index) => {
    const place = `${param}[${index}]`
    if (typeof image !== 'string' || image === '') throw wrongType(place, 'a picture in base64')
    if (ADDRESS.test(image)) {
      throw uncarried('The gateway fetches no pictures. Send the picture itself, in base64.', place)
    }
    const [prefix = '', named] = DATA_URL.exec(image) ?? []
    const data = image.slice(prefix.length)
    if (data === '' || NO_BASE64.test(data)) throw wrongType(place, 'a picture in base64')
    const mediaType = mediaTypeOf(data) ?? named?.toLowerCase()
    if (mediaType === undefined) {
      throw uncarried('A picture is of a kind that is not known. Send it as PNG, JPEG, GIF or WebP.', place)
    }
    return { kind: 'image', mediaType, data }
  })
}

function mediaTypeOf(data: string): string | undefined {
  const beginning = decodedBeginning(data)
  return BEGINNINGS.find(([pattern]) => pattern.test(beginning))?.[1]
}

function decodedBeginning(data: string): string {
  const beginning = data.slice(0, TOLD_CHARACTERS)
  try {
    return atob(beginning.slice(0, beginning.length - (beginning.length % 4)))
  } catch {
    return ''
  }
}
