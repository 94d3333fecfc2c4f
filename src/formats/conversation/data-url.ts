import type { ImagePart } from './conversation.ts'

const IMAGE_URL = /^data:(image\/[a-z0-9.+-]{1,64});base64,([A-Za-z0-9+/]+={0,2})$/i
const ADDRESS = /^https?:\/\/[\x21-\x7e]{1,8000}$/i
const TEXT_URL = /^data:text\/plain(?:;charset=(?:utf-8|us-ascii))?(;base64)?,(.*)$/is

/** The picture in a data URL of base64, or at an address; `undefined`: there is none. */
export function imageIn(url: string): ImagePart | undefined {
  if (ADDRESS.test(url)) return { kind: 'image', url }
  const [, mediaType, data] = IMAGE_URL.exec(url) ?? []
  if (mediaType === undefined || data === undefined) return undefined
  return { kind: 'image', mediaType: mediaType.toLowerCase(), data }
}

/** The text of a file of plain text in a data URL, under its name; `undefined`: it is no such URL. */
export function fileTextIn(url: string, name = ''): string | undefined {
  const [, base64, data] = TEXT_URL.exec(url) ?? []
  const text = data === undefined ? undefined : decoded(data, base64 !== undefined)
  return text === undefined || name === '' ? text : `${name}:\n\n${text}`
}

/** `undefined`: it is not what it says. */
function decoded(data: string, isBase64: boolean): string | undefined {
  try {
    if (!isBase64) return decodeURIComponent(data)
    const characters = atob(data)
    // An iterator over them takes forty times as long.
    const bytes = new Uint8Array(characters.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
