import { expect, test } from 'vitest'
import type { ModelBody } from '../../contract/upstreams.ts'
import { renderModels } from './models.ts'

const model: ModelBody = {
  id: 'llama3:8b',
  canonical: 'llama3:8b',
  upstream: 'tun_0123456789ab',
  upstreamLabel: 'studio',
  upstreamKind: 'ollama',
  isCloud: false,
  contextLength: 4_096,
  trainedContextLength: 131_072,
  capabilities: ['completion', 'tools'],
  sizeBytes: 5 * 1_073_741_824,
  isLoaded: true,
}
const isUnknown = {
  contextLength: null,
  trainedContextLength: null,
  capabilities: null,
  sizeBytes: null,
  isLoaded: null,
}

test('a model is shown with what is known of it and where it runs', () => {
  const models = [
    model,
    { ...model, id: 'qwen3:4b', upstreamLabel: '127.0.0.1:11434', isLoaded: false, contextLength: null },
    { ...model, ...isUnknown, id: 'gpt\u001b[2J', isCloud: true },
  ]
  expect(renderModels(models, [])).toEqual([
    'MODEL      CONTEXT  TRAINED FOR  CAPABILITIES       SIZE  LOADED  RUNS ON',
    'llama3:8b     4096       131072  completion tools  5 GiB  yes     studio',
    'qwen3:4b         -       131072  completion tools  5 GiB  no      127.0.0.1:11434',
    'gpt\ufffd[2J          -            -  -                     -  -       studio (cloud)',
  ])
})

test('a model whose server is down is shown as the server listed it last, and says so', () => {
  const models = [model, { ...model, upstream: 'up_1', upstreamLabel: 'rack' }, { ...model, isCloud: true }]
  const upstreams = [
    { id: model.upstream, state: 'down' },
    { id: 'up_1', state: 'up' },
  ] as const
  const places = renderModels(models, upstreams).map((line) => line.split(/ {2,}/).at(-1))
  expect(places).toEqual(['RUNS ON', 'studio (down)', 'rack', 'studio (cloud, down)'])
})

test('the aliases of a model stand beside it, but for those that are overridden', () => {
  const aliases = [
    { name: 'fast', modelCanonical: 'llama3:8b' },
    { name: 'claude-*', modelCanonical: 'llama3:8b', isOverridden: true },
    { name: 'gone', modelCanonical: 'gone:latest' },
  ] as const
  const rows = renderModels([model, { ...model, id: 'b', canonical: 'b:latest' }], [], aliases)
  expect(rows.map((line) => line.split(/ {2,}/).slice(6))).toEqual([
    ['RUNS ON', 'ALSO'],
    ['studio', 'fast'],
    ['studio'],
  ])
  expect(renderModels([model], [], aliases.slice(1))[0]).not.toContain('ALSO')
})
