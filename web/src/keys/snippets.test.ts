import { describe, expect, it } from 'vitest'
import { clientSnippets } from './snippets.ts'

const groups = clientSnippets('https://models.example.org', 'pk_id_secret', 'qwen3-coder:30b')
const textOf = (id: string) => groups.find((group) => group.id === id)?.snippets.map(({ text }) => text) ?? []

describe('clientSnippets', () => {
  it('gives every client the address, the key and the model, once each that counts', () => {
    for (const { text } of groups.flatMap(({ snippets }) => snippets)) {
      expect(text).toContain('https://models.example.org')
      expect(text.split('pk_id_secret')).toHaveLength(2)
      expect(text).toContain('qwen3-coder:30b')
    }
  })

  it('puts /v1 where the client wants it, and nowhere else', () => {
    for (const text of textOf('openai'))
      expect(text).toContain('models.example.org/v1'.concat(text.includes('"') ? '"' : "'"))
    for (const id of ['anthropic', 'claude-code', 'ollama']) {
      for (const text of textOf(id)) expect(text).not.toContain('/v1')
    }
  })

  it('sets one key for Claude Code', () => {
    expect(textOf('claude-code')[0]).not.toContain('API_KEY')
  })
})
