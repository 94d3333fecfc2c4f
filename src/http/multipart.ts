import { isUtf8 } from 'node:buffer'
import { PunkuError } from '../core/error.ts'
import { foldName } from './fold.ts'

/** Far more parts than any API here has fields; each costs a search and a few strings. */
export const MAX_FORM_PARTS = 256
/** The headers of one part: a disposition and a type. */
export const MAX_PART_HEADER_BYTES = 8 * 1024
/** The longest model name worth reading; longer ones match nothing. */
export const MAX_FORM_MODEL_BYTES = 1_024

const PART_HEADERS = new Set(['content-disposition', 'content-type', 'content-length', 'content-transfer-encoding'])
const LINE_END = Buffer.from('\r\n')
const HEADERS_END = Buffer.from('\r\n\r\n')

/** RFC 7578: a quoted name, then perhaps a file name. The name itself without escapes, which parsers read apart. */
const DISPOSITION =
  /^form-data; ?name="([^"\\%]*)"(; ?filename="(?:[^"\\]|\\.)*")?(; ?filename\*=[\w!#$&+.^`|~'%-]+)?$/i

export interface FormModel {
  /** The text of the field `model`; `undefined` when the form has none. */
  readonly model: string | undefined
  /** Every field that is no file, `model` too: its name, and how its text begins. */
  readonly fields: readonly (readonly [name: string, beginning: string])[]
}

/**
 * Finds the `model` field of a `multipart/form-data` body (RFC 7578). Form parsers are lenient, each in its own way:
 * in line ends, in text around the parts, in repeated headers and parameters. A body that is passed on as it is must
 * mean the same to all of them, so only the form that every client library writes is accepted.
 *
 * @throws PunkuError `invalid_request` for any other form; `ambiguous_request` for a `model` that comes twice, in
 * another letter case, or as a file.
 */
export function readFormModel(body: Buffer, contentType: string): FormModel {
  const delimiter = Buffer.from(`--${parseBoundary(contentType)}`)
  const fields: (readonly [name: string, beginning: string])[] = []
  let model: string | undefined
  let parts = 0
  let at = 0
  if (!startsWith(body, delimiter, 0)) throw broken('it does not start with its boundary')
  for (;;) {
    at += delimiter.length
    if (startsWith(body, Buffer.from('--'), at)) break
    if (!startsWith(body, LINE_END, at)) throw broken('a boundary is not followed by a line end')
    if (++parts > MAX_FORM_PARTS) throw broken(`it has more than ${MAX_FORM_PARTS} parts`)
    const end = body.indexOf(delimiter, at)
    if (end === -1) throw broken('it ends inside a part')
    if (!startsWith(body, LINE_END, end - 2)) throw broken('its boundary stands inside a part')
    const part = readPart(body.subarray(at + 2, end - 2))
    at = end
    if (!part.isFile) fields.push([part.name, part.content.toString('utf8', 0, MAX_FORM_MODEL_BYTES)])
    if (foldName(part.name) !== 'model') continue
    if (part.name !== 'model') throw ambiguous('is spelled in another letter case')
    if (part.isFile) throw ambiguous('was sent as a file')
    if (model !== undefined) throw ambiguous('was sent more than once')
    if (part.content.length > MAX_FORM_MODEL_BYTES) throw broken(`its 'model' exceeds ${MAX_FORM_MODEL_BYTES} bytes`)
    if (!isUtf8(part.content)) throw broken("its 'model' is not UTF-8")
    model = part.content.toString()
  }
  at += 2
  const isWhole = at === body.length || (at + 2 === body.length && startsWith(body, LINE_END, at))
  if (!isWhole) throw broken('there is text behind its last boundary')
  return { model, fields }
}

/** A quoted boundary, a second one, and unusual characters in it (RFC 2046, section 5.1.1) are read in several ways. */
function parseBoundary(contentType: string): string {
  const match = /^multipart\/form-data; ?boundary=([\w'+.-]{1,70})$/i.exec(contentType.trim())
  if (match === null) {
    throw new PunkuError(
      'invalid_request',
      "The Content-Type must be 'multipart/form-data; boundary=…' with one boundary of plain characters, not quoted.",
    )
  }
  return match[1] as string
}

interface Part {
  readonly name: string
  readonly isFile: boolean
  readonly content: Buffer
}

function readPart(part: Buffer): Part {
  const headersEnd = part.subarray(0, MAX_PART_HEADER_BYTES).indexOf(HEADERS_END)
  if (headersEnd === -1) throw broken('the headers of a part do not end')
  const seen = new Map<string, string>()
  for (const line of part.toString('utf8', 0, headersEnd).split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!PART_HEADERS.has(name) || /[\r\n\0]/.test(line)) throw broken('a part has a header that forms do not have')
    if (seen.has(name)) throw broken(`a part has the header '${name}' more than once`)
    seen.set(name, line.slice(colon + 1).trim())
  }
  const disposition = DISPOSITION.exec(seen.get('content-disposition') ?? '')
  if (disposition === null) throw broken('a part has no plain Content-Disposition: form-data; name="…"')
  const encoding = seen.get('content-transfer-encoding')?.toLowerCase() ?? 'binary'
  if (!['7bit', '8bit', 'binary'].includes(encoding)) throw broken('a part has a transfer encoding')
  return {
    name: disposition[1] as string,
    // A part with a type of its own is a file to some parsers even without a file name.
    isFile:
      disposition[2] !== undefined ||
      disposition[3] !== undefined ||
      seen.get('content-type')?.toLowerCase() === 'application/octet-stream',
    content: part.subarray(headersEnd + HEADERS_END.length),
  }
}

function startsWith(bytes: Buffer, text: Buffer, at: number): boolean {
  return at >= 0 && bytes.subarray(at, at + text.length).equals(text)
}

function ambiguous(what: string): PunkuError {
  return new PunkuError(
    'ambiguous_request',
    `The form field 'model' ${what}, so two parsers could read two different requests. Send it once, as a plain field.`,
    { param: 'model' },
  )
}

function broken(what: string): PunkuError {
  return new PunkuError('invalid_request', `The multipart form is refused: ${what}. Build it with a form library.`)
}
