import { expect, test } from 'vitest'
import { answerType, isPage } from './answer-type.ts'

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON;charset="utf-8"',
  'application/x-ndjson',
  'application/problem+json',
  'text/event-stream; charset=utf-8',
  'text/plain',
  'text/vtt',
  'audio/mpeg',
  'audio/L16; rate=24000; channels=1',
  'image/png',
  'application/octet-stream',
])('%s is passed as it is', (type) => {
  expect([answerType(200, type), answerType(500, type), isPage(type)]).toEqual([type, type, false])
})

test.each([
  'text/html',
  'Text/HTML; charset=utf-8',
  'text/html;charset',
  'application/xhtml+xml',
  'image/svg+xml',
  'text/xml',
  'application/xml',
  'application/rss+xml',
  'text/xsl+xml',
  'multipart/x-mixed-replace; boundary=a',
  'application/json, text/html',
  ' text/html',
])('%s is a page, and passed as none', (type) => {
  expect([answerType(404, type), isPage(type)]).toEqual(['text/plain; charset=utf-8', true])
})

test.each([
  undefined,
  '',
  '*/*',
  'text/*',
  'unknown/unknown',
  'application/unknown',
  'text/css',
  'text/javascript',
  'application/pdf',
  'application/json, application/json',
  'application/json; charset=utf-8, x',
  'application/json\ttext',
  'message/rfc822',
])('%j is passed as bytes, and as text where it is an error', (type) => {
  expect([answerType(200, type), answerType(500, type)]).toEqual([
    'application/octet-stream',
    'text/plain; charset=utf-8',
  ])
})

test('two lines of types are neither', () => {
  const types = ['application/json', 'text/html']
  expect([answerType(200, types), answerType(404, types), isPage(types)]).toEqual([
    'application/octet-stream',
    'text/plain; charset=utf-8',
    true,
  ])
})
