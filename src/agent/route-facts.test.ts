import { expect, test } from 'vitest'
import { findRoute } from '../servers/route-table.ts'
import { modelOf } from './route-facts.ts'

function model(method: string, path: string, body = '', contentType = 'application/json'): string | undefined {
  const found = findRoute(method, path)
  if (found === undefined || 'allowed' in found) throw new Error(`there is no route ${method} ${path}`)
  return modelOf(found.route, found.params.model, Buffer.from(body), contentType)
}

test('the name stands where the route has it', () => {
  expect(model('POST', '/v1/chat/completions', '{"messages":[{"model":"no"}],"model":"Tiny:8b"}')).toBe('Tiny:8b')
  expect(model('POST', '/api/show', '{"name":"tiny"}')).toBe('tiny')
  expect(model('POST', '/api/show', '{"model":"","name":"tiny"}')).toBe('tiny')
  expect(model('POST', '/api/copy', '{"source":"a","destination":"b"}')).toBe('a')
  expect(model('GET', '/v1/models/org/tiny')).toBe('org/tiny')
})

test('a form has it too', () => {
  const form = '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper\r\n--x--\r\n'
  expect(model('POST', '/v1/audio/transcriptions', form, 'multipart/form-data; boundary=x')).toBe('whisper')
  expect(model('POST', '/v1/audio/transcriptions', form, 'text/plain')).toBeUndefined()
})

test.each([
  ['POST', '/v1/chat/completions', ''],
  ['POST', '/v1/chat/completions', '{'],
  ['POST', '/v1/chat/completions', '{"model":7}'],
  ['POST', '/v1/chat/completions', '{"model":"a","model":"b"}'],
  ['POST', '/tokenize', '{"content":"x"}'],
  ['GET', '/api/tags', ''],
])('%s %s with %j names none', (method, path, body) => expect(model(method, path, body)).toBeUndefined())

test.each(['\u001b[2J', 'a\nb', 'a\u202eb'])('a name that would do something in a terminal (%j) is none', (name) => {
  expect(model('POST', '/api/chat', JSON.stringify({ model: name }))).toBeUndefined()
  expect(model('POST', '/api/chat', JSON.stringify({ model: `${name}x` }))).toBeUndefined()
})
