import { expect, test } from 'vitest'
import type { AnswerHandler, UpstreamController } from '../reply/answer-handler.ts'
import { MissingRoute } from './missing-route.ts'

const CONTROLLER = {} as UpstreamController

function told() {
  const calls: string[] = []
  const next: AnswerHandler = {
    onRequestStart: () => void calls.push('start'),
    onResponseStart: (_controller, status) => void calls.push(`head ${status}`),
    onResponseData: (_controller, chunk) => void calls.push(chunk.toString().slice(0, 10)),
    onResponseEnd: () => void calls.push('end'),
    onResponseError: (_controller, error) => void calls.push(error.message),
  }
  const handler = new MissingRoute(next, () => void calls.push('missing'))
  return {
    calls,
    answer(status: number, body: string) {
      handler.onRequestStart(CONTROLLER)
      handler.onResponseStart(CONTROLLER, status, {})
      if (body !== '') handler.onResponseData(CONTROLLER, Buffer.from(body))
      handler.onResponseEnd(CONTROLLER, {})
      return calls
    },
    handler,
  }
}

test.each([
  [404, '404 page not found'],
  [404, '{"detail":"Not Found"}'],
  [405, ''],
  [501, '{"error":"Not Implemented"}'],
  [404, '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}'],
  [404, '{"error":"Unexpected endpoint or method. (POST /v1/messages)"}'],
  [404, '<html>404</html>'],
])('%i with %j is told to whoever asks again, and to nobody else', (status, body) => {
  expect(told().answer(status, body)).toEqual(['start', 'missing'])
})

test.each([
  [200, 'hello'],
  [400, '{"a":1}'],
  [404, '{"a":404}'],
])('%i goes on as it comes', (status, body) => {
  expect(told().answer(status, body)).toEqual(['start', `head ${status}`, body, 'end'])
})

test('a model that is not there is no route that is not there', () => {
  const body = "model 'x' not found"
  expect(told().answer(404, body)).toEqual(['start', 'head 404', body.slice(0, 10), 'end'])
})

test('what is too long to be that goes on, and so does an answer that breaks', () => {
  expect(told().answer(404, 'x'.repeat(100_000))).toEqual(['start', 'head 404', 'xxxxxxxxxx', 'end'])
  const { handler, calls } = told()
  handler.onResponseStart(CONTROLLER, 404, {})
  handler.onResponseError(CONTROLLER, new Error('reset'))
  expect(calls).toEqual(['reset'])
})
