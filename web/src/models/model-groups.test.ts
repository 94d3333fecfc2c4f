import { describe, expect, it } from 'vitest'
import type { ModelBody } from '../../../src/contract/upstreams.ts'
import { filterModels, groupModels, preferredModel } from './model-groups.ts'

const model: ModelBody = {
  id: 'llama3.2:latest',
  canonical: 'llama3.2:latest',
  upstream: 'ollama',
  upstreamLabel: 'ollama',
  upstreamKind: 'ollama',
  isCloud: false,
  contextLength: null,
  trainedContextLength: null,
  capabilities: null,
  sizeBytes: null,
  isLoaded: null,
}

describe('groupModels', () => {
  it('puts what several upstreams have into one, and keeps what each says', () => {
    const [group, ...others] = groupModels([
      {
        ...model,
        contextLength: 16_384,
        trainedContextLength: 131_072,
        capabilities: ['completion', 'tools'],
        sizeBytes: 2_000,
        isLoaded: false,
      },
      { ...model, id: 'Llama3.2', upstream: 'tun_1', upstreamLabel: 'laptop', contextLength: 8_192, isLoaded: true },
    ])
    expect(others).toEqual([])
    expect(group).toMatchObject({
      name: 'Llama3.2',
      id: 'Llama3.2',
      context: { min: 8_192, max: 16_384 },
      trained: { min: 131_072, max: 131_072 },
      capabilities: ['completion', 'tools'],
      sizeBytes: 2_000,
      isLoaded: true,
      isEmbedding: false,
    })
    expect(group?.places.map(({ upstreamLabel }) => upstreamLabel)).toEqual(['laptop', 'ollama'])
  })

  it('says of nothing that is not known that it is so', () => {
    expect(groupModels([model])[0]).toMatchObject({
      name: 'llama3.2',
      context: undefined,
      trained: undefined,
      capabilities: [],
      sizeBytes: null,
      isLoaded: null,
      isEmbedding: false,
    })
  })

  it('knows what cannot be talked to', () => {
    expect(groupModels([{ ...model, capabilities: ['embedding'] }])[0]?.isEmbedding).toBe(true)
  })
})

describe('filterModels', () => {
  const groups = groupModels([
    model,
    { ...model, id: 'qwen3', canonical: 'qwen3:latest', capabilities: ['tools'], isLoaded: true },
    { ...model, id: 'big:cloud', canonical: 'big:cloud', isCloud: true, upstreamLabel: 'Laptop' },
  ])
  const names = (filter: string) => filterModels(groups, filter).map(({ name }) => name)

  it('looks at names, capabilities, upstreams and states, for every word', () => {
    expect(names('')).toHaveLength(3)
    expect(names('QWEN')).toEqual(['qwen3'])
    expect(names('tools loaded')).toEqual(['qwen3'])
    expect(names('laptop')).toEqual(['big:cloud'])
    expect(names('laptop tools')).toEqual([])
  })
})

describe('preferredModel', () => {
  const named = (id: string, facts: Partial<ModelBody>) => ({ ...model, id, canonical: id, ...facts })
  const embedding = named('a-embed', { capabilities: ['embedding'], isLoaded: true })
  const cloud = named('b-cloud', { isCloud: true })
  const idle = named('c-idle', { isLoaded: false })
  const loaded = named('d-loaded', { isLoaded: true })
  const chosen = (...models: ModelBody[]) => preferredModel(groupModels(models))?.id

  it('takes what answers at once, and a cloud model only where there is nothing else', () => {
    expect(chosen(embedding, cloud, idle, loaded)).toBe('d-loaded')
    expect(chosen(embedding, cloud, idle)).toBe('c-idle')
    expect(chosen(embedding, cloud)).toBe('b-cloud')
    expect(chosen(embedding)).toBeUndefined()
  })
})
