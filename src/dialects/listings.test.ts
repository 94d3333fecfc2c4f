import { describe, expect, it } from 'vitest'
import { PunkuError } from '../core/error.ts'
import type { Listing } from './dialect.ts'
import type { ListedModel } from './listed-model.ts'
import { type ListingAsk, renderListing } from './listings.ts'

const LLAMA: ListedModel = {
  id: 'llama3.2:latest',
  server: 'ollama',
  trainedContextLength: 131_072,
  capabilities: ['completion', 'tools'],
  entry: {
    name: 'llama3.2:latest',
    model: 'llama3.2:latest',
    modified_at: '2026-11-20T10:00:00.123456789-05:00',
    size: 2019393189,
    digest: 'a80c4f17acd5',
    details: { family: 'llama', context_length: 131072 },
    capabilities: ['completion', 'tools'],
  },
}
const QWEN: ListedModel = {
  id: 'Qwen/Qwen3-8B',
  server: 'vllm',
  contextLength: 40_960,
  entry: {
    id: 'Qwen/Qwen3-8B',
    object: 'model',
    created: 1795201107,
    owned_by: 'vllm',
    root: '/srv/models/qwen',
    max_model_len: 40960,
    permission: [{ id: 'modelperm-1' }],
  },
}
const TINY: ListedModel = {
  id: 'tiny',
  server: 'llama-server',
  contextLength: 4_096,
  trainedContextLength: 262_144,
  entry: {
    id: 'tiny',
    object: 'model',
    owned_by: 'llamacpp',
    meta: { n_ctx: 4096, n_ctx_train: 262144, ftype: 'all F32' },
    status: { value: 'loaded', args: ['--api-key', 'secret', '--chat-template', 'secret'] },
  },
}
const CLAUDE: ListedModel = {
  id: 'claude-x',
  server: 'anthropic',
  contextLength: 200_000,
  entry: {
    type: 'model',
    id: 'claude-x',
    display_name: 'Claude X',
    created_at: '2026-01-02T00:00:00Z',
    max_input_tokens: 200000,
    max_tokens: 64000,
    capabilities: { thinking: true },
  },
}
const ALL = [LLAMA, QWEN, TINY, CLAUDE]

function list(listing: Listing, models: readonly ListedModel[], ask: Partial<ListingAsk> = {}) {
  return JSON.parse(renderListing(listing, models, { hasAnthropicVersion: false, query: '', ...ask }).body)
}

const asAnthropic = (query = '') => ({ hasAnthropicVersion: true, query })

describe('renderListing', () => {
  it('answers the root as Ollama does', () => {
    expect(renderListing('root', [], { hasAnthropicVersion: false, query: '' })).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'Ollama is running',
    })
  })

  it.each(['ollama-tags', 'ollama-ps'] as const)("passes Ollama's own entries on in %s, among others", (listing) => {
    const { models } = list(listing, ALL)
    expect(models[0]).toEqual(LLAMA.entry)
    expect(models.map(({ name, model }: Record<string, string>) => [name, model])).toEqual(
      ALL.map(({ id }) => [id, id]),
    )
    expect(list(listing, [])).toEqual({ models: [] })
  })

  it("tells an Ollama's version, else that of the API spoken here", () => {
    expect(list('ollama-version', ALL)).toEqual({ version: '0.33.0' })
    expect(list('ollama-version', [], { ollamaVersion: '0.34.1' })).toEqual({ version: '0.34.1' })
  })

  it("lists in OpenAI's shape", () => {
    expect(list('models', ALL)).toEqual({
      object: 'list',
      data: [
        {
          id: 'llama3.2:latest',
          object: 'model',
          created: 1795186800,
          owned_by: 'library',
          context_length: 131072,
          capabilities: ['completion', 'tools'],
          meta: { n_ctx_train: 131072 },
        },
        {
          id: 'Qwen/Qwen3-8B',
          object: 'model',
          created: 1795201107,
          owned_by: 'vllm',
          context_length: 40960,
          max_model_len: 40960,
          meta: { n_ctx: 40960 },
        },
        {
          id: 'tiny',
          object: 'model',
          created: 0,
          owned_by: 'llamacpp',
          context_length: 4096,
          max_model_len: 4096,
          meta: { n_ctx: 4096, n_ctx_train: 262144 },
        },
        {
          id: 'claude-x',
          object: 'model',
          created: 1767312000,
          owned_by: 'anthropic',
          context_length: 200000,
          max_model_len: 200000,
          meta: { n_ctx: 200000 },
        },
      ],
    })
  })

  it('has an empty catalogue for Codex, which says its version, and for nobody else', () => {
    const ask = { hasAnthropicVersion: false, query: 'client_version=0.171.0' }
    expect(JSON.parse(renderListing('models', ALL, ask).body)).toMatchObject({ data: { length: 4 }, models: [] })
    expect(list('models', ALL)).not.toHaveProperty('models')
  })

  it("lists in Anthropic's shape for who sent its version", () => {
    expect(list('models', ALL, asAnthropic())).toEqual({
      data: [
        {
          type: 'model',
          id: 'llama3.2:latest',
          display_name: 'llama3.2:latest',
          created_at: '2026-11-20T15:00:00.123Z',
          max_input_tokens: 131072,
          max_tokens: null,
          capabilities: null,
        },
        {
          type: 'model',
          id: 'Qwen/Qwen3-8B',
          display_name: 'Qwen/Qwen3-8B',
          created_at: '2026-11-20T18:58:27.000Z',
          max_input_tokens: 40960,
          max_tokens: null,
          capabilities: null,
        },
        {
          type: 'model',
          id: 'tiny',
          display_name: 'tiny',
          created_at: '1970-01-01T00:00:00.000Z',
          max_input_tokens: 4096,
          max_tokens: null,
          capabilities: null,
        },
        {
          type: 'model',
          id: 'claude-x',
          display_name: 'Claude X',
          created_at: '2026-01-02T00:00:00.000Z',
          max_input_tokens: 200000,
          max_tokens: 64000,
          capabilities: { thinking: true },
        },
      ],
      has_more: false,
      first_id: 'llama3.2:latest',
      last_id: 'claude-x',
    })
  })

  it('shows no path, command line or template of a server', () => {
    for (const ask of [asAnthropic(), { hasAnthropicVersion: false }]) {
      for (const listing of ['models', 'ollama-tags', 'ollama-ps'] as const) {
        expect(JSON.stringify(list(listing, ALL, ask))).not.toMatch(/secret|\/srv/)
      }
    }
  })

  it('takes a time that no calendar has for none', () => {
    const odd = (entry: ListedModel['entry']): ListedModel => ({ id: 'odd', server: 'ollama', entry })
    const models = [odd({ modified_at: '' }), odd({ created: 9e15 }), odd({ modified_at: '0001-01-01T00:00:00Z' })]
    for (const model of list('models', models, asAnthropic()).data)
      expect(model.created_at).toBe('1970-01-01T00:00:00.000Z')
    for (const model of list('models', models).data) expect(model.created).toBe(0)
  })

  it('shows one model in both shapes', () => {
    expect(list('model', [QWEN])).toEqual(list('models', [QWEN]).data[0])
    expect(list('model', [QWEN], asAnthropic())).toEqual(list('models', [QWEN], asAnthropic()).data[0])
    expect(() => list('model', [])).toThrow(expect.objectContaining({ code: 'model_not_found' }))
  })

  describe("in Anthropic's pages", () => {
    const many = Array.from({ length: 45 }, (_, i): ListedModel => ({ id: `m${i}`, server: 'ollama', entry: {} }))
    const ids = (page: { data: { id: string }[] }) => page.data.map((model) => model.id)

    it('has 20 unless told, and all when followed forwards or backwards', () => {
      const forwards: string[] = []
      let page = list('models', many, asAnthropic())
      expect(page.data).toHaveLength(20)
      forwards.push(...ids(page))
      while (page.has_more) {
        page = list('models', many, asAnthropic(`after_id=${page.last_id}`))
        forwards.push(...ids(page))
      }
      expect(forwards).toEqual(many.map((model) => model.id))

      const backwards: string[] = ['m44']
      do {
        page = list('models', many, asAnthropic(`limit=7&before_id=${backwards[0]}`))
        backwards.unshift(...ids(page))
      } while (page.has_more)
      expect(backwards).toEqual(forwards)
    })

    it('has an empty one where there is nothing', () => {
      expect(list('models', [], asAnthropic('limit=1000'))).toEqual({
        data: [],
        has_more: false,
        first_id: null,
        last_id: null,
      })
      expect(list('models', many, asAnthropic('after_id=m44'))).toMatchObject({ data: [], has_more: false })
    })

    it.each([
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=x',
      'limit=',
      'after_id=no',
      'before_id=no',
      'after_id=m1&before_id=m2',
    ])('refuses %s', (query) => {
      expect(() => list('models', many, asAnthropic(query))).toThrow(PunkuError)
      expect(list('models', many, { query }).data).toHaveLength(45)
    })
  })
})
