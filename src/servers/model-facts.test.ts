import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propsFacts } from './known/llama-server.ts'
import { loadedFacts, shownFacts } from './known/ollama.ts'
import { joinFacts, listedFacts, type ModelFacts } from './model-facts.ts'

test.each<[string, Record<string, unknown>, ModelFacts]>([
  ['of vLLM', { max_model_len: 8_192 }, { contextLength: 8_192 }],
  [
    'of LM Studio, at rest',
    { max_context_length: 32_768, type: 'llm' },
    { trainedContextLength: 32_768, capabilities: ['completion'] },
  ],
  [
    'of LM Studio, running',
    { max_context_length: 32_768, loaded_context_length: 4_096 },
    { contextLength: 4_096, trainedContextLength: 32_768 },
  ],
  [
    'of llama-server',
    { meta: { n_ctx: 4_096, n_ctx_train: 8_192, size: 9 } },
    { contextLength: 4_096, trainedContextLength: 8_192, sizeBytes: 9 },
  ],
  ['of an older llama-server', { meta: { n_ctx_train: 8_192 } }, { trainedContextLength: 8_192 }],
  ['of Anthropic', { max_input_tokens: 200_000, capabilities: { thinking: {} } }, { contextLength: 200_000 }],
  [
    'of a newer Ollama',
    { details: { context_length: 40_960 }, capabilities: ['completion', 'insert'], size: 5 },
    { trainedContextLength: 40_960, capabilities: ['completion', 'insert'], sizeBytes: 5 },
  ],
  ['of some router', { context_length: 1_000, status: 'active' }, { contextLength: 1_000 }],
  [
    'that is wrong',
    { max_model_len: '8192', size: -1, meta: [], details: null, capabilities: 'all', type: 'constructor' },
    {},
  ],
  ['without anything', { max_model_len: 0 }, {}],
])('an entry %s', (_, entry, facts) => {
  expect(listedFacts(entry)).toEqual(facts)
})

const trained = { 'general.architecture': 'qwen3', 'qwen3.context_length': 40_960 }
const ofOther = { ...trained, 'general.architecture': 'llama' }
test.each<[string, Record<string, unknown>, served: number | undefined, trained: number | undefined]>([
  ['as it was trained, and nothing of what it will get', { model_info: trained }, undefined, 40_960],
  [
    'as it is set up',
    { model_info: trained, parameters: 'stop   "num_ctx 9"\nnum_ctx    8192\ntop_k 20' },
    8_192,
    40_960,
  ],
  [
    'as it is set up, but no more than it was trained for',
    { model_info: trained, parameters: 'num_ctx 99999' },
    40_960,
    40_960,
  ],
  ['as it is set up, when nobody knows more', { model_info: {}, parameters: 'num_ctx 8192' }, 8_192, undefined],
  ['of another architecture', { model_info: ofOther }, undefined, undefined],
  ['of none', { model_info: { 'undefined.context_length': null }, parameters: 'num_ctx 0' }, undefined, undefined],
])('the context that Ollama shows: %s', (_, shown, contextLength, trainedContextLength) => {
  expect(shownFacts(shown)).toEqual({ contextLength, trainedContextLength })
})

test("Ollama's capabilities as it names them, each once", () => {
  const capabilities = ['completion', 'tools', 'completion', 'x y', 7, 'Big', 'thinking', '', 'a'.repeat(40)]
  expect(shownFacts({ capabilities }).capabilities).toEqual(['completion', 'tools', 'thinking'])
  expect(shownFacts({ capabilities: [] }).capabilities).toBeUndefined()
})

test("Ollama's loaded models tell the context they run with, and not their size", () => {
  expect(loadedFacts({ context_length: 4_096, size: 9 })).toEqual({ contextLength: 4_096, isLoaded: true })
})

test("llama-server's props", () => {
  const props = {
    default_generation_settings: { n_ctx: 4_096 },
    chat_template_caps: { supports_tools: true },
    modalities: { vision: true, audio: false },
    model_path: '/home/ada/models/m.gguf',
  }
  expect(propsFacts(props)).toEqual({ contextLength: 4_096, capabilities: ['tools', 'vision'] })
  expect(propsFacts({ role: 'router', default_generation_settings: { n_ctx: 0 } })).toEqual({})
})

test('of two sources the first is right, and capabilities add up', () => {
  const first = { contextLength: 1, capabilities: ['tools'], isLoaded: false }
  const second = { contextLength: 2, capabilities: ['completion', 'tools'], sizeBytes: 3, isLoaded: true }
  expect(joinFacts(first, second)).toEqual({ ...first, capabilities: ['completion', 'tools'], sizeBytes: 3 })
  expect(joinFacts({}, second)).toEqual(second)
  expect(joinFacts({ contextLength: 1 }, { trainedContextLength: 2 })).toEqual({
    contextLength: 1,
    trainedContextLength: 2,
  })
})

test('whatever a server says, facts are counts, words and truth values', () => {
  const names = ['meta', 'details', 'size', 'capabilities', 'type', 'state', 'status', 'architecture', 'model_info']
  const more = ['parameters', 'context_length', 'n_ctx', 'general.architecture', 'input_modalities', 'max_model_len']
  const key = fc.constantFrom(...names, ...more, 'modalities', 'chat_template_caps', 'default_generation_settings')
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('llm', 'loaded', '__proto__', 'num_ctx 5', true, null, -1, 0.5, Number.MAX_VALUE, 4_096, 'Ünï'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value')),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(key, value), fc.dictionary(key, value), (one, other) => {
      for (const read of [listedFacts, shownFacts, loadedFacts, propsFacts]) {
        const {
          contextLength = 1,
          trainedContextLength = 1,
          capabilities = ['a'],
          sizeBytes = 0,
          isLoaded = true,
        } = joinFacts(read(one), listedFacts(other))
        for (const tokens of [contextLength, trainedContextLength]) {
          expect(Number.isSafeInteger(tokens) && tokens > 0).toBe(true)
        }
        expect(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0).toBe(true)
        expect(capabilities.length > 0 && capabilities.every((name) => /^[a-z0-9_-]{1,32}$/.test(name))).toBe(true)
        expect(typeof isLoaded).toBe('boolean')
      }
    }),
  )
})
