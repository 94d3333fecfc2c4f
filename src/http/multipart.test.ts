import { once } from 'node:events'
import { Busboy } from '@fastify/busboy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PunkuError } from '../core/error.ts'
import { MAX_FORM_MODEL_BYTES, MAX_FORM_PARTS, MAX_PART_HEADER_BYTES, readFormModel } from './multipart.ts'

const TYPE = 'multipart/form-data; boundary=XX'
const MODEL = part('name="model"', 'whisper')
const AUDIO = part('name="file"; filename="a.wav"', '\0\x01RIFF', 'Content-Type: audio/wav')

function part(disposition: string, content: string, ...headers: string[]): string {
  return [`--XX`, `Content-Disposition: form-data; ${disposition}`, ...headers, '', content, ''].join('\r\n')
}

function form(...parts: string[]): Buffer {
  return Buffer.from(`${parts.join('')}--XX--\r\n`)
}

async function encode(data: FormData): Promise<[body: Buffer, contentType: string]> {
  const response = new Response(data)
  return [Buffer.from(await response.arrayBuffer()), response.headers.get('content-type') as string]
}

describe('the model of a form', () => {
  test.each([
    ['first', form(MODEL, AUDIO), 'whisper'],
    ['last', form(AUDIO, MODEL), 'whisper'],
    ['absent', form(AUDIO), undefined],
    ['empty', form(part('name="model"', '')), ''],
    [
      'with a type and its length',
      form(part('name="model"', 'é', 'Content-Type: text/plain', 'content-length: 2')),
      'é',
    ],
    [
      'beside a file name beyond ASCII',
      form(part(`name="file"; filename="x"; filename*=UTF-8''%C3%A9`, 'x'), MODEL),
      'whisper',
    ],
    ['without a closing line end', Buffer.from(`${MODEL}--XX--`), 'whisper'],
    ['in no part at all', Buffer.from('--XX--\r\n'), undefined],
  ])('is found %s', (_, body, model) => {
    expect(readFormModel(body, TYPE)).toMatchObject({ model })
  })

  test('is found in what fetch and the SDKs write', async () => {
    const data = new FormData()
    data.append('file', new File([new Uint8Array(100_000)], 'a "b"\r\né.wav', { type: 'audio/wav' }))
    data.append('model', 'whisper-1')
    data.append('timestamp_granularities[]', 'word')
    expect(readFormModel(...(await encode(data)))).toMatchObject({ model: 'whisper-1' })
  })
})

describe('an ambiguous model is refused', () => {
  test.each([
    ['twice', form(MODEL, MODEL)],
    ['twice around a file', form(MODEL, AUDIO, part('name="model"', 'other'))],
    ['in another letter case', form(part('name="MODEL"', 'x'))],
    ['in another letter case beside it', form(MODEL, part('name="Model"', 'x'))],
    ['as a file', form(part('name="model"; filename="m"', 'x'))],
    ['as a file with an extended name', form(part(`name="model"; filename*=UTF-8''m`, 'x'))],
    ['as a file by its type', form(part('name="model"', 'x', 'Content-Type: application/octet-stream'))],
  ])('%s', (_, body) => {
    expect(() => readFormModel(body, TYPE)).toThrow(
      expect.objectContaining({ code: 'ambiguous_request', param: 'model' }),
    )
  })
})

describe('a form that parsers read differently is refused', () => {
  const hidden = '--XX\nContent-Disposition: form-data; name="model"\n\nother\n'
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['no boundary', Buffer.from('{"model":"x"}')],
    ['text before the first part', Buffer.from(`hello\r\n${MODEL}--XX--\r\n`)],
    ['a line end before the first part', Buffer.from(`\r\n${MODEL}--XX--\r\n`)],
    ['text behind the last part', Buffer.from(`${MODEL}--XX--\r\n${MODEL}--XX--\r\n`)],
    ['no last boundary', Buffer.from(MODEL)],
    ['a cut part', form(MODEL).subarray(0, -12)],
    ['a part in bare line feeds', Buffer.from(`${hidden}--XX--\n`)],
    ['a part in bare line feeds inside another', form(part('name="prompt"', `\n${hidden}`))],
    ['a boundary inside a line', form(part('name="prompt"', 'x --XX\r\n'))],
    ['a boundary followed by spaces', Buffer.from(MODEL.replace('--XX', '--XX ').concat('--XX--'))],
    ['another first boundary', Buffer.from(form(MODEL).toString().replace('--XX', '--YY'))],
    ['a boundary on the line of a header', Buffer.from(form(MODEL).toString().replace('\r\n', '; '))],
    ['a longer boundary', Buffer.from(`${AUDIO}--XXY\r\n\r\n\r\n--XX--`)],
    ['a name in no quotes', form(part('name=model', 'x'))],
    ['an extended name', form(part(`name*=UTF-8''model`, 'x'))],
    ['an escaped name', form(part('name="mod\\el"', 'x'))],
    ['a percent-escaped name', form(part('name="%6dodel"', 'x'))],
    ['two names', form(part('name="prompt"; name="model"', 'x'))],
    ['a name behind the file name', form(part('filename="x"; name="model"', 'x'))],
    ['two dispositions', form(part('name="prompt"', 'x', 'content-disposition: form-data; name="model"'))],
    [
      'a disposition with a space before the colon',
      form(part('name="prompt"', 'x', 'Content-Disposition : form-data')),
    ],
    ['a folded header', form(part('name="prompt";', 'x', ' name="model"'))],
    ['an unknown header', form(part('name="prompt"', 'x', 'X-Other: 1'))],
    ['a bare line feed in a header', form(part('name="prompt"', 'x', 'Content-Type: a\nContent-Length: 1'))],
    ['no disposition', Buffer.from('--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--')],
    ['another disposition', Buffer.from('--XX\r\nContent-Disposition: attachment; name="model"\r\n\r\nx\r\n--XX--')],
    ['a transfer encoding', form(part('name="model"', 'eA==', 'Content-Transfer-Encoding: base64'))],
    ['headers beyond the limit', form(part('name="a"', 'x', `Content-Type: ${'a'.repeat(MAX_PART_HEADER_BYTES)}`))],
    ['parts beyond the limit', form(...Array.from({ length: MAX_FORM_PARTS + 1 }, () => part('name="a"', '')))],
    ['a model beyond the limit', form(part('name="model"', 'x'.repeat(MAX_FORM_MODEL_BYTES + 1)))],
    ['a model that is not UTF-8', Buffer.from(form(part('name="model"', '\xff')).toString(), 'latin1')],
  ])('%s', (_, body) => {
    expect(() => readFormModel(body, TYPE)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="XX"',
    'multipart/form-data; boundary=XX; boundary=YY',
    'multipart/form-data; boundary=XX; charset=utf-8',
    'multipart/form-data; boundary=XX, multipart/form-data; boundary=YY',
    "multipart/form-data; boundary*=UTF-8''XX",
    'multipart/mixed; boundary=XX',
    'application/json',
    `multipart/form-data; boundary=${'X'.repeat(71)}`,
  ])('the type %s', (contentType) => {
    expect(() => readFormModel(form(MODEL), contentType)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('boundary') }),
    )
  })
})

test('what is accepted, a lenient parser reads the same', async () => {
  const piece = fc.constantFrom(
    ...[
      MODEL,
      AUDIO,
      part('name="prompt"', 'hi'),
      part('name="MODEL"', 'x'),
      '--XX',
      '--XX--',
      '\r\n',
      '\n',
      '--',
      ' ',
    ],
    ...['\r\n\r\n', 'name="model"', 'Content-Disposition: form-data; ', 'x', 'Y', ';', ':'],
  )
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 5 }), fc.nat(), piece, async (pieces, place, extra) => {
      const whole = form(...pieces).toString()
      const at = place % (whole.length + 1)
      for (const body of [Buffer.from(whole), Buffer.from(whole.slice(0, at) + extra + whole.slice(at))]) {
        const model = accept(body)
        if (model === false) continue
        accepted++
        expect(await busboyModels(body)).toEqual(model === undefined ? [] : [model])
      }
    }),
    { numRuns: 1_000 },
  )
  expect(accepted).toBeGreaterThan(50)
})

function accept(body: Buffer): string | undefined | false {
  try {
    return readFormModel(body, TYPE).model
  } catch (error) {
    if (error instanceof PunkuError) return false
    throw error
  }
}

async function busboyModels(body: Buffer): Promise<string[]> {
  const models: string[] = []
  const parser = new Busboy({ headers: { 'content-type': TYPE } })
  parser.on('field', (name, value) => {
    if (name.toLowerCase() === 'model') models.push(value)
  })
  parser.on('file', (_name, stream) => stream.resume())
  parser.end(body)
  await once(parser, 'finish')
  return models
}
