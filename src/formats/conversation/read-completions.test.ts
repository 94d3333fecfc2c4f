import type { CompletionCreateParams } from 'openai/resources/completions'
import { describe, expect, it } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { Conversation } from './conversation.ts'
import { readCompletionsRequest } from './read-completions.ts'

function read(body: JsonObject): Conversation {
  return readCompletionsRequest({ model: 'tiny', prompt: 'Once', ...body })
}

describe('a request of /v1/completions', () => {
  it("of OpenAI's own types is a turn of a user", () => {
    const params: CompletionCreateParams = {
      model: 'tiny',
      prompt: ['Once'],
      max_tokens: 16,
      temperature: 0,
      top_p: 0.5,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      logit_bias: { '7': 1 },
      logprobs: 5,
      seed: 3,
      stop: ['\n'],
      stream: true,
      stream_options: { include_usage: true },
      user: 'u',
      n: 1,
      best_of: 1,
      echo: false,
      suffix: null,
    }
    expect(readCompletionsRequest(params as unknown as JsonObject)).toEqual({
      model: 'tiny',
      turns: [{ role: 'user', parts: [{ kind: 'text', text: 'Once' }] }],
      tools: [],
      sampling: {
        ...{ maxTokens: 16, temperature: 0, topP: 0.5, presencePenalty: 0.1, frequencyPenalty: 0.2, seed: 3 },
        ...{ stop: ['\n'], logitBias: { '7': 1 } },
      },
      logprobs: 5,
      wantsStream: true,
      dropped: [],
    })
  })

  it('may say how Ollama is to run the model; the rest is named', () => {
    expect(
      read({ options: { num_ctx: 9, top_k: 4 }, think: false, top_k: 5, logprobs: 0, grammar: 'g' }),
    ).toMatchObject({
      running: { contextLength: 9 },
      sampling: { topK: 5 },
      thinking: { isOn: false },
      logprobs: 0,
      wantsStream: false,
      dropped: ['grammar'],
    })
  })

  it('may say what its answer must be, as it does to vLLM', () => {
    const schema = { type: 'object' }
    const format = { type: 'json_schema', json_schema: { name: 'place', schema } }
    expect(read({ response_format: format, tools: [] })).toMatchObject({
      output: { kind: 'schema', name: 'place', schema },
      dropped: [],
    })
  })

  it.each<[JsonObject, string]>([
    [{ model: '' }, 'model'],
    [{ prompt: undefined }, 'prompt'],
    [{ prompt: 7 }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
    [{ prompt: ['a', 'b'] }, 'prompt'],
    [{ prompt: [1, 2] }, 'prompt'],
    [{ prompt: [[1, 2]] }, 'prompt'],
    [{ suffix: 'end' }, 'suffix'],
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema.schema'],
    [{ echo: true }, 'echo'],
    [{ n: 2 }, 'n'],
    [{ best_of: 2 }, 'best_of'],
    [{ logprobs: -1 }, 'logprobs'],
    [{ logprobs: true }, 'logprobs'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
  ])('is refused where an answer to a turn would mean another thing: %j', (body, param) => {
    const reading = () => read(body)
    expect(reading).toThrow(PunkuError)
    expect(reading).toThrow(expect.objectContaining({ code: 'invalid_request', param }))
  })
})
