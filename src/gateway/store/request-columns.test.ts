import { expect, test } from 'vitest'
import { fullRequest } from '../../../test/support/chains.ts'
import { lineValues, requestLines, requestValues } from './request-columns.ts'

const OLD_LINE =
  '["req_1",1767225600000,"default","k1","per_1","http://127.0.0.1:11434","openai","POST /v1/chat/completions","llama3",' +
  '"llama3:latest",200,"upstream_interrupted",1,1.5,0.1,12.5,250.3,10,20,5,0,400,5000000000,"openai-node","7.55.0","ünï"]\n'

test('a row of which nothing was left out is sealed as it was before a row could tell', () => {
  expect(requestLines([fullRequest({ left_out: null })])).toBe(OLD_LINE)
  const nul = fullRequest({ left_out: null, session_id: 'a\0' })
  expect(JSON.parse(requestLines([nul]))).toHaveLength(26)
})

test('a row tells what was left out of it in its seal', () => {
  expect(requestLines([fullRequest()])).toBe(OLD_LINE.replace(/\]\n$/, ',"web_search"]\n'))
})

test('lines give the values that they were made of', () => {
  const rows = [
    fullRequest(),
    fullRequest({ left_out: null, session_id: null }),
    fullRequest({ session_id: ']\n[' }),
    fullRequest({ left_out: null, model_asked: '],[' }),
  ]
  for (const some of [rows, rows.slice(0, 1), rows.slice(1, 2)]) {
    expect(lineValues(requestLines(some))).toEqual(requestValues(some))
  }
})
