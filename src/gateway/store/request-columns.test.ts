import { expect, test } from 'vitest'
import { fullRequest } from '../../../test/support/chains.ts'
import { lineValues, requestLines, requestValues } from './request-columns.ts'

const OLD_LINE =
  '["req_1",1767225600000,"default","k1","per_1","http://127.0.0.1:11434","openai","POST /v1/chat/completions","llama3",' +
  '"llama3:latest",200,"upstream_interrupted",1,1.5,0.1,12.5,250.3,10,20,5,0,400,5000000000,"openai-node","7.55.0","ünï"]\n'

/** As rows were before they could tell either. */
const NO_RUN = { session_label: null, tool_calls: null }
const PLAIN = { left_out: null, translated: null, ...NO_RUN }

test('a row of which nothing was left out is sealed as it was before a row could tell', () => {
  expect(requestLines([fullRequest(PLAIN)])).toBe(OLD_LINE)
  const nul = fullRequest({ ...PLAIN, session_id: 'a\0' })
  expect(JSON.parse(requestLines([nul]))).toHaveLength(26)
})

test.each([
  [
    'what was left out of it, as before it could tell a translation',
    { translated: null, ...NO_RUN },
    ',"web_search"]\n',
  ],
  ['that it was translated', { left_out: null, ...NO_RUN }, ',null,"openai-chat"]\n'],
  ['both', NO_RUN, ',"web_search","openai-chat"]\n'],
  ['its run and the tools it called', { left_out: null, translated: null }, ',null,null,"a run","{\\"Read\\":2}"]\n'],
])('a row tells in its seal %s', (_, given, end) => {
  expect(requestLines([fullRequest(given)])).toBe(OLD_LINE.replace(/\]\n$/, end))
})

test('lines give the values that they were made of', () => {
  const rows = [
    fullRequest(),
    fullRequest({ ...PLAIN, session_id: null }),
    fullRequest({ translated: null }),
    fullRequest({ left_out: null }),
    fullRequest(NO_RUN),
    fullRequest({ session_id: ']\n[' }),
    fullRequest({ ...PLAIN, model_asked: '],[' }),
  ]
  for (const some of [rows, rows.slice(0, 1), rows.slice(1, 2)]) {
    expect(lineValues(requestLines(some))).toEqual(requestValues(some))
  }
})
