import { describe, expect, it } from 'vitest'
import type { ListedModel } from '../listed-model.ts'
import { ollamaList, ollamaLoaded, ollamaShow } from './listing.ts'

const UNKNOWN: ListedModel = { id: 'gpt-x', server: 'openai', entry: { id: 'gpt-x' } }
const TINY: ListedModel = {
  id: 'tiny',
  server: 'llama-server',
  contextLength: 4_096,
  trainedContextLength: 262_144,
  capabilities: ['tools', 'vision'],
  sizeBytes: 2_019_377_376,
  entry: { id: 'tiny', created: 1_795_201_107, meta: { n_params: 3_212_749_888, ftype: 'Q4_K - Medium' } },
}

const NOTHING_KNOWN = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
}
const TINY_DETAILS = { ...NOTHING_KNOWN, format: 'gguf', parameter_size: '3.2B', quantization_level: 'Q4_K_M' }

const onlyOf = (list: object) => (list as { readonly models: readonly [Record<string, unknown>] }).models[0]

describe('a model of another server', () => {
  it('is listed with what is known of it', () => {
    expect(onlyOf(ollamaList([TINY]))).toEqual({
      name: 'tiny',
      model: 'tiny',
      modified_at: '2026-11-20T18:58:27.000Z',
      size: 2_019_377_376,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      details: { ...TINY_DETAILS, context_length: 4_096 },
      capabilities: ['tools', 'vision'],
    })
  })

  it('is listed with every field of which clients read something, where nothing is known', () => {
    expect(onlyOf(ollamaList([UNKNOWN]))).toEqual({
      name: 'gpt-x',
      model: 'gpt-x',
      // A time that Go reads, and JavaScript.
      modified_at: '0001-01-01T00:00:00Z',
      size: 0,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      details: NOTHING_KNOWN,
    })
  })

  it('has one digest in all lists, and no other has it', () => {
    const digests = [ollamaList([TINY]), ollamaLoaded([TINY]), ollamaList([UNKNOWN])].map(
      (list) => onlyOf(list)['digest'],
    )
    expect(digests[0]).toBe(digests[1])
    expect(digests[2]).not.toBe(digests[0])
  })

  it('is loaded for good', () => {
    const entry = onlyOf(ollamaLoaded([TINY]))
    expect(entry).toMatchObject({ name: 'tiny', size: 2_019_377_376, context_length: 4_096, details: TINY_DETAILS })
    expect(Date.parse(String(entry['expires_at']))).toBeGreaterThan(Date.parse('2200-01-01'))
    expect(onlyOf(ollamaLoaded([UNKNOWN]))).not.toHaveProperty('context_length')
  })

  it('is shown with what is known of it', () => {
    expect(ollamaShow(TINY)).toEqual({
      modelfile: '',
      parameters: expect.stringMatching(/^num_ctx +4096$/),
      template: '',
      details: TINY_DETAILS,
      model_info: {
        'general.architecture': 'unknown',
        'general.basename': 'tiny',
        'general.parameter_count': 3_212_749_888,
        'unknown.context_length': 4_096,
      },
      capabilities: ['completion', 'tools', 'vision'],
      modified_at: '2026-11-20T18:58:27.000Z',
    })
  })

  it('is shown without a word of what nobody knows', () => {
    expect(ollamaShow(UNKNOWN)).toEqual({
      modelfile: '',
      parameters: '',
      template: '',
      details: NOTHING_KNOWN,
      model_info: { 'general.architecture': 'unknown', 'general.basename': 'gpt-x' },
      capabilities: ['completion', 'tools'],
      modified_at: '0001-01-01T00:00:00Z',
    })
  })

  it.each([
    [undefined, ['completion', 'tools']],
    [['completion'], ['completion']],
    [['embedding'], ['embedding']],
    [['thinking'], ['completion', 'thinking']],
  ])('that can %j is shown to do %j', (capabilities, shown) => {
    expect(ollamaShow({ ...UNKNOWN, capabilities })).toMatchObject({ capabilities: shown })
  })

  it.each([
    [8_000_000_000, '8B'],
    [8_030_261_248, '8.0B'],
    [134_515_008, '134.52M'],
    [22_000_000, '22M'],
    [45_300, '45K'],
    [12, '12'],
  ])('of %i parameters has %s', (count, text) => {
    const entry = { meta: { n_params: count } }
    expect(ollamaShow({ ...UNKNOWN, entry })).toMatchObject({ details: { parameter_size: text } })
  })

  it.each([
    ['Q4_K - Medium', 'Q4_K_M'],
    ['mostly Q8_0', 'Q8_0'],
    ['all F32', 'F32'],
    ['IQ4_XS - 4.25 bpw', ''],
    ['/srv/models', ''],
    [7, ''],
  ])('of the file type %j is quantised by %j', (ftype, level) => {
    const entry = { meta: { ftype } }
    expect(ollamaShow({ ...UNKNOWN, entry })).toMatchObject({ details: { quantization_level: level } })
  })
})
