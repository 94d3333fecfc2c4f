import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json-facts.ts'
import {
  anthropicOverflowWords,
  type ContextOverflow,
  contextOverflow,
  ollamaOverflowWords,
  openaiOverflowWords,
} from './context-overflow.ts'

const OLLAMA = 'the input length exceeds the context length'
const LLAMA = 'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it'
const PAIR = { asked: 9_000, most: 4_096 }
const FITS = { asked: 49_000, most: 32_768, answer: 32_000 }

describe('an error of a prompt that is too long', () => {
  test.each<[error: string | JsonObject, tokens: ContextOverflow['tokens']]>([
    [{ message: '', type: 'exceed_context_size_error', n_prompt_tokens: 9_000, n_ctx: 4_096 }, PAIR],
    [{ message: LLAMA, type: 'exceed_context_size_error' }, PAIR],
    [LLAMA, PAIR],
    ['the request exceeds the available context size. try increasing it', undefined],
    [OLLAMA, undefined],
    ['input exceeds maximum context length', undefined],
    ['prompt too long; exceeded max context length by 12 tokens', undefined],
    [
      "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
      PAIR,
    ],
    [
      "This model's maximum context length is 32768 tokens. However, you requested 32000 output tokens and your prompt contains at least 17000 input tokens, for a total of at least 49000 tokens.",
      FITS,
    ],
    [
      "This model's maximum context length is 32768 tokens. However, you requested 49000 tokens (17000 in the messages, 32000 in the completion). Please reduce the length of the messages or completion.",
      FITS,
    ],
    [
      "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens and your request has 17000 input tokens (32000 > 32768 - 17000).",
      FITS,
    ],
    ['input length and `max_tokens` exceed context limit: 17000 + 32000 > 32768, decrease input length or', FITS],
    ["This model's maximum context length is 4096 tokens. However, your request has 9000 input tokens.", PAIR],
    [
      "This model's maximum context length is 4096 tokens. However, you requested 4996 tokens (4096 in the messages, 900 in the completion).",
      { asked: 4_996, most: 4_096 },
    ],
    [
      {
        message: "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
        code: 'context_length_exceeded',
      },
      PAIR,
    ],
    [{ message: 'Too much.', code: 'context_length_exceeded' }, undefined],
    [{ message: 'prompt is too long: 9000 tokens > 4096 maximum', type: 'invalid_request_error' }, PAIR],
  ])('%j', (error, tokens) => {
    expect(contextOverflow(error)?.tokens).toEqual(tokens)
    expect(contextOverflow(error)?.said).toBe(typeof error === 'string' ? error : error['message'])
  })

  test('has no numbers that say the contrary', () => {
    const error = { message: 'x', type: 'exceed_context_size_error', n_prompt_tokens: 4_096, n_ctx: 4_096 }
    expect(contextOverflow(error)).toEqual({ said: 'x', tokens: undefined })
  })
})

test.each<[error: string | JsonObject]>([
  ['model "tiny" not found, try pulling it first'],
  ['"tiny" does not support tools'],
  ['num_ctx sets the context length'],
  ['The rate limit is exceeded. Mind the context length'],
  ['max_tokens is too long'],
  [{ message: 'x', type: 'invalid_request_error', code: 400 }],
  [{ error: OLLAMA }],
  [{}],
  [`Bad field: ${'x'.repeat(512)} ${OLLAMA}`],
])('%j is about something else', (error) => {
  expect(contextOverflow(error)).toBeUndefined()
})

describe('the words for the clients', () => {
  const wordsOf = (overflow: ContextOverflow) => [
    anthropicOverflowWords(overflow),
    openaiOverflowWords(overflow),
    ollamaOverflowWords(overflow),
  ]

  test('have the numbers', () => {
    expect(wordsOf({ said: 'x', tokens: PAIR })).toEqual([
      'prompt is too long: 9000 tokens > 4096 maximum',
      "This model's maximum context length is 4096 tokens. However, your request has 9000 tokens. Please make it shorter.",
      'the input length exceeds the context length: 9000 tokens, of 4096 at most',
    ])
  })

  test('tell the prompt and its answer apart where the prompt alone fits', () => {
    expect(wordsOf({ said: 'x', tokens: FITS })).toEqual([
      'input length and `max_tokens` exceed context limit: 17000 + 32000 > 32768, decrease input length or `max_tokens` and try again',
      "This model's maximum context length is 32768 tokens. However, you requested 49000 tokens (17000 in the messages, 32000 in the completion). Please reduce the length of the messages or completion.",
      'the input length exceeds the context length: 49000 tokens, 32000 of them for the answer, of 32768 at most',
    ])
  })

  test('without numbers have what the server said, where it said something', () => {
    const long = "The request is longer than the model's maximum context length."
    expect(wordsOf({ said: 'x', tokens: undefined })).toEqual(['prompt is too long: x', `${long} x`, `${OLLAMA}: x`])
    expect(wordsOf({ said: '', tokens: undefined })).toEqual(['prompt is too long', long, OLLAMA])
  })

  test.each([
    [
      { asked: 62_000, most: 32_768, answer: 32_000 },
      '30000 tokens > 28768 maximum, as 4000 of 32768 are for the answer',
    ],
    [{ asked: 4_900, most: 4_096, answer: 900 }, '4000 tokens > 3196 maximum, as 900 of 4096 are for the answer'],
    [
      { asked: 40_000, most: 11_999, answer: 32_000 },
      '8000 tokens > 7999 maximum, as 4000 of 11999 are for the answer',
    ],
  ])('of Anthropic say that the prompt is too long where too little room is left: %j', (tokens, words) => {
    expect(anthropicOverflowWords({ said: 'x', tokens })).toBe(`prompt is too long: ${words}`)
    expect(anthropicOverflowWords({ said: 'x', tokens: { ...tokens, most: 40_000 } })).not.toContain('too long')
  })

  test('of Anthropic say that the answer is too long where the prompt is short', () => {
    const tokens = { asked: 4_096, most: 2_048, answer: 4_000 }
    expect(anthropicOverflowWords({ said: 'x', tokens })).toContain('exceed context limit: 96 + 4000 > 2048')
  })

  test('of Anthropic have the greater number first, and none below zero', () => {
    const numbers = fc.record({
      prompt: fc.nat(20_000),
      room: fc.integer({ min: 1, max: 20_000 }),
      over: fc.nat(40_000),
    })
    fc.assert(
      fc.property(numbers, ({ prompt, room, over }) => {
        const tokens = { asked: prompt + room + over + 1, most: prompt + room, answer: room + over + 1 }
        const words = anthropicOverflowWords({ said: '', tokens })
        const [, asked, answer = 0, most] = /: (\d+)(?: tokens| \+ (\d+)) > (\d+)\b/.exec(words) ?? []
        expect(Number(asked) + Number(answer), words).toBeGreaterThan(Number(most))
      }),
    )
  })

  test('that tell them apart are read again as the same numbers', () => {
    const numbers = fc.record({
      prompt: fc.nat(1e6),
      room: fc.integer({ min: 4_000, max: 1e6 }),
      over: fc.integer({ min: 1, max: 1e6 }),
    })
    fc.assert(
      fc.property(numbers, ({ prompt, room, over }) => {
        const tokens = { asked: prompt + room + over, most: prompt + room, answer: room + over }
        const [anthropic = '', openai = ''] = wordsOf({ said: '', tokens })
        expect(contextOverflow(anthropic)).toEqual({ said: anthropic, tokens })
        expect(contextOverflow(openai)).toEqual({ said: openai, tokens })
      }),
    )
  })

  test('of each format are known again as what they are, and stay as they are', () => {
    const counts = fc.record({ n_prompt_tokens: fc.nat(1e6), n_ctx: fc.nat(1e6) })
    fc.assert(
      fc.property(fc.constantFrom('', 'no', OLLAMA, LLAMA), counts, (message, counts) => {
        const overflow = contextOverflow({ message, code: 'context_length_exceeded', ...counts })
        if (overflow === undefined) throw new Error('It is one by its code.')
        const { tokens } = overflow
        expect(tokens === undefined || tokens.asked > tokens.most).toBe(true)
        const [anthropic = '', openai = '', ollama = ''] = wordsOf(overflow)
        expect(anthropic.startsWith('prompt is too long')).toBe(true)
        expect(openai).toContain('maximum context length')
        expect(ollama).toContain('exceeds the context length')
        const again = [anthropic, openai, ollama].map((words) =>
          contextOverflow({ message: words, code: 'context_length_exceeded' }),
        )
        expect(anthropicOverflowWords(again[0] as ContextOverflow)).toBe(anthropic)
        expect(openaiOverflowWords(again[1] as ContextOverflow).match(/\d+/g)).toEqual(openai.match(/\d+/g))
        expect(ollamaOverflowWords(again[2] as ContextOverflow)).toBe(ollama)
      }),
    )
  })
})

test('a megabyte of words that begin like it is looked at no longer than a short one', () => {
  const began = performance.now()
  for (let times = 0; times < 1_000; times++) contextOverflow('exceeds '.repeat(131_072))
  expect(performance.now() - began).toBeLessThan(5_000)
})
