import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../answer-parts.ts'
import { renderCompletions } from './render-completions.ts'

const HEAD = { id: 'x1', model: 'qwen3', atMs: 1_700_000_000_900 }
const ENVELOPE = '"id":"cmpl-x1","object":"text_completion","created":1700000000,"model":"qwen3"'
const END: AnswerPart = { kind: 'end' }
const STORY: readonly AnswerPart[] = [
  { kind: 'reasoning', text: 'Hm' },
  { kind: 'text', text: 'H' },
  { kind: 'text', text: 'i' },
  { kind: 'call', index: 0, id: 'a', name: 'f' },
  { kind: 'arguments', index: 0, text: '{}' },
  { kind: 'stop', reason: 'length' },
  { kind: 'usage', usage: { promptTokens: 9, completionTokens: 7, cachedTokens: undefined } },
  END,
]

const whole = (parts: readonly AnswerPart[]) =>
  JSON.parse(renderCompletions(HEAD, { includesUsage: false }).whole(parts))
const frames = (parts: readonly AnswerPart[], includesUsage = false) =>
  renderCompletions(HEAD, { includesUsage }).frames(parts)
const choices = (stream: string) =>
  [...stream.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data).choices[0])

it('has the chunks of the API, of its text alone', () => {
  const chunk = (text: string, reason: string) =>
    `data: {${ENVELOPE},"choices":[{"index":0,"text":"${text}","logprobs":null,"finish_reason":${reason}}]}\n\n`
  const stream = chunk('H', 'null') + chunk('i', 'null') + chunk('', '"length"')
  const usage = `data: {${ENVELOPE},"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16}}\n\n`
  expect(frames(STORY)).toBe(`${stream}data: [DONE]\n\n`)
  expect(frames(STORY, true)).toBe(`${stream}${usage}data: [DONE]\n\n`)
})

it('says the same whole', () => {
  expect(whole(STORY)).toEqual({
    ...JSON.parse(`{${ENVELOPE}}`),
    choices: [{ index: 0, text: 'Hi', logprobs: null, finish_reason: 'length' }],
    usage: { prompt_tokens: 9, completion_tokens: 7, total_tokens: 16 },
  })
})

it.each([
  ['stop', 'stop'],
  ['tool_calls', 'stop'],
  ['content_filter', 'content_filter'],
])('that stopped for %s has the reason %s, and the stop sequence', (reason, expected) => {
  const parts: AnswerPart[] = [{ kind: 'stop', reason, sequence: 'X' }, END]
  expect(whole(parts).choices[0]).toMatchObject({ finish_reason: expected, stop_reason: 'X' })
  expect(choices(frames(parts))[0]).toMatchObject({ finish_reason: expected, stop_reason: 'X' })
})

it('ends with a failure', () => {
  const failed: AnswerPart = { kind: 'failed', message: 'It crashed.' }
  expect(frames([failed, ...STORY])).toBe(`data: ${JSON.stringify(whole([failed]))}\n\n`)
  expect(whole([...STORY.slice(0, 2), failed]).error).toMatchObject({ message: 'It crashed.', type: 'server_error' })
})

describe('how likely its tokens were', () => {
  const odds = (token: string, logprob: number): AnswerPart => ({
    kind: 'logprobs',
    tokens: [
      {
        token,
        logprob,
        top: [token, '__proto__', token].map((other, at) => ({ token: other, logprob: logprob - at })),
      },
    ],
  })
  const parts = [odds('😀', -1), odds('b', -2), END]

  it('is told in lists, with where each token begins', () => {
    expect(whole(parts).choices[0].logprobs).toEqual({
      tokens: ['😀', 'b'],
      token_logprobs: [-1, -2],
      top_logprobs: [JSON.parse('{"😀":-1,"__proto__":-2}'), JSON.parse('{"b":-2,"__proto__":-3}')],
      text_offset: [0, 1],
    })
  })

  it('goes on from chunk to chunk', () => {
    expect(choices(frames(parts)).map(({ logprobs }) => logprobs?.text_offset)).toEqual([[0], [1], undefined])
  })
})
