import { describe, expect, it } from 'vitest'
import { FORMAT_NAMES } from './format.ts'
import { FORMATS } from './formats.ts'

describe('readAnswer', () => {
  it.each([
    ['ollama-chat', { model: 'm', done: true, prompt_eval_count: 9, eval_count: 2 }, [9, 2, undefined]],
    ['ollama-embed', { model: 'm', embeddings: [[0.1]], prompt_eval_count: 4 }, [4, undefined, undefined]],
    [
      'openai-chat',
      { model: 'm', usage: { prompt_tokens: 22, completion_tokens: 8, prompt_tokens_details: { cached_tokens: 21 } } },
      [22, 8, 21],
    ],
    ['openai-chat', { model: 'm', timings: { prompt_n: 1, cache_n: 21, predicted_n: 8 } }, [22, 8, 21]],
    ['openai-embeddings', { model: 'm', usage: { prompt_tokens: 3, total_tokens: 3 } }, [3, undefined, undefined]],
    [
      'openai-responses',
      { model: 'm', usage: { input_tokens: 81, output_tokens: 11, input_tokens_details: { cached_tokens: 64 } } },
      [81, 11, 64],
    ],
    [
      'anthropic-messages',
      {
        model: 'm',
        usage: { input_tokens: 9, cache_read_input_tokens: 20, cache_creation_input_tokens: 5, output_tokens: 3 },
      },
      [34, 3, 20],
    ],
    ['anthropic-count', { model: 'm', input_tokens: 22 }, [undefined, undefined, undefined]],
  ] as const)('of %s', (name, answer, [promptTokens, completionTokens, cachedTokens]) => {
    expect(FORMATS[name].readAnswer(Buffer.from(JSON.stringify(answer)))).toEqual({
      model: 'm',
      usage: { promptTokens, completionTokens, cachedTokens },
      toolCalls: new Map(),
    })
  })

  it('reads how long Ollama took to load the model, and nothing that is no time', () => {
    const loadMs = (given: unknown) => {
      const answer = { model: 'm', done: true, eval_count: 2, load_duration: given }
      return FORMATS['ollama-chat'].readAnswer(Buffer.from(JSON.stringify(answer))).usage.loadMs
    }
    expect([1_500_000_000, 0, undefined, -1, '5', 1e300].map(loadMs)).toEqual([
      1_500,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it("reads llama-server's own answer by its format", () => {
    const answer = { model: 'm', tokens_evaluated: 3, tokens_predicted: 8, timings: { cache_n: 2, prompt_n: 1 } }
    expect(FORMATS['llama-completion'].readAnswer(Buffer.from(JSON.stringify(answer))).usage).toEqual({
      promptTokens: 3,
      completionTokens: 8,
      cachedTokens: 2,
    })
  })

  it.each(FORMAT_NAMES)('finds nothing in what is no answer of %s', (name) => {
    const none = {
      model: undefined,
      usage: { promptTokens: undefined, completionTokens: undefined, cachedTokens: undefined },
      toolCalls: new Map(),
    }
    for (const text of ['', 'x', '[]', 'null', '7', '{"usage":7,"model":{}}', `${'['.repeat(100_000)}`]) {
      expect(FORMATS[name].readAnswer(Buffer.from(text))).toEqual(none)
    }
  })
})
