import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalModelName } from './model-name.ts'

const PART80 = '8'.repeat(80)
const PART350 = '3'.repeat(350)

/** One line a model: all spellings of it, the canonical one first. */
const SAME_MODEL: readonly (readonly string[])[] = [
  [
    'llama3:latest',
    'llama3',
    'LLaMA3',
    'llama3:LATEST',
    'library/llama3',
    'registry.ollama.ai/library/llama3',
    'registry.ollama.ai/library/llama3:latest',
    'Registry.Ollama.AI/Library/llama3',
    'https://registry.ollama.ai/library/llama3:latest',
    'http://registry.ollama.ai/library/llama3',
    'any thing://registry.ollama.ai/library/llama3',
    'a/b://registry.ollama.ai/library/llama3',
    '://registry.ollama.ai/library/llama3',
    'https:///library/llama3',
    'llama3:local',
    'llama3:latest:LOCAL',
  ],
  ['dolphin-mistral:7b-v2.6-dpo-laser-q6_k', 'registry.ollama.ai/library/dolphin-mistral:7b-v2.6-dpo-laser-q6_K'],
  ['ns/m:latest', 'ns/m', 'registry.ollama.ai/ns/m', 'NS/M:latest', 'ns/m:local'],
  ['host/namespace/model:tag', 'scheme://host/namespace/model:tag'],
  ['host:port/namespace/model:tag', 'scheme://host:port/namespace/model:tag'],
  ['host:port/namespace/model:latest', 'host:port/namespace/model'],
  ['host/library/model:tag'],
  ['registry.ollama.ai:443/library/m:latest', 'registry.ollama.ai:443/library/m'],
  ['hf.co/org/m:q4', 'hf.co/org/m:Q4', 'https://hf.co/org/m:q4'],
  ['h/nn/mm:t'],
  ['_why/_the/_lucky:_stiff'],
  [`${PART80}/${PART80}/${PART80}:${PART80}`],
  ['qwen3:8b', 'qwen3:8b:local'],
  ['my-cloud-model:latest', 'my-cloud-model'],
  ['gpt-oss:clod'],
  ['qwen/qwen3-8b:latest', 'Qwen/Qwen3-8B'],
  ['cloud:latest', 'cloud', 'library/cloud'],
]

const SAME_CLOUD_MODEL: readonly (readonly string[])[] = [
  [
    'gpt-oss:20b-cloud',
    'gpt-oss:20b:cloud',
    'GPT-OSS:20b-Cloud',
    'library/gpt-oss:20b-cloud',
    'https://registry.ollama.ai/library/gpt-oss:20b:cloud',
  ],
  ['qwen3:cloud', 'qwen3:CLOUD', 'qwen3:latest:cloud', 'qwen3:latest-cloud', 'library/qwen3:cloud'],
  ['ns/m:cloud', 'registry.ollama.ai/ns/m:cloud'],
  ['localhost:11434/library/foo:cloud', 'localhost:11434/library/foo:latest-cloud'],
  ['a/b/c/d:cloud', 'A/b/c/d:cloud'],
  ['a@b:20b-cloud', 'a@b:20b:cloud'],
  ['x y:cloud'],
]

const OUTSIDE_OLLAMAS_GRAMMAR: readonly (readonly [string, string])[] = [
  ['/models/X.gguf', '/models/x.gguf'],
  ['C:\\models\\X.gguf', 'c:\\models\\x.gguf'],
  ['org/team/Model/v2', 'org/team/model/v2'],
  ['publisher/model@q4_K_M', 'publisher/model@q4_k_m'],
  ['My Model.gguf', 'my model.gguf'],
  ['a@b:local', 'a@b:local'],
  ['foo:bar-cloud/baz', 'foo:bar-cloud/baz'],
  ['host/name:space/model:tag', 'host/name:space/model:tag'],
  ['n/m:', 'n/m:'],
  ['-hh/nn/mm:tt', '-hh/nn/mm:tt'],
  ['hh/nn/-mm:tt', 'hh/nn/-mm:tt'],
  ['hh/nn/mm:-tt', 'hh/nn/mm:-tt'],
  ['a.b/c', 'a.b/c'],
  ['https://llama3', 'https://llama3'],
  ['../llama3', '../llama3'],
  [`${PART80}8`, `${PART80}8`],
  ['/models/日本.gguf', '/models/日本.gguf'],
  ['modèle', 'modèle'],
]

const REFUSED: readonly string[] = [
  '',
  ' ',
  ' llama3',
  'llama3 ',
  'llama3\t',
  'llama3\n',
  'lla\u0000ma3',
  'llama3: cloud',
  'llama3 :cloud',
  'llama3:20b -cloud',
  'a/ b',
  'llama\u00a03',
  'llama\u200b3',
  'llama\u00ad3',
  'llama3\ufeff',
  'llama\u202e3',
  'llama\u31643',
  'llama\ud8003',
  'kim\u212a',
  'mi\u017ftral',
  'M\u0130STRAL',
  'm\u0131stral',
  '\uff4clama3',
  'mode\u0300le',
  ':cloud',
  ':local',
  'foo:cloud:local',
  'foo:local:cloud',
  'foo:cloud:cloud',
  'foo:20b-cloud:local',
  'foo:20b-cloud-cloud',
  'a@b:local:cloud',
  'x'.repeat(513),
  'é'.repeat(257),
  `${PART350}/${PART80}/${PART80}:${PART80}`,
  // With its tag written out it would be too long.
  `${'3'.repeat(345)}/${PART80}/${PART80}`,
]

describe('canonicalModelName', () => {
  it.each(SAME_MODEL)('has one form for %s', (...spellings) => {
    for (const spelling of spellings) {
      expect(canonicalModelName(spelling), spelling).toEqual({ canonical: spellings[0], isCloud: false })
    }
  })

  it.each(SAME_CLOUD_MODEL)('has one form for the cloud model %s', (...spellings) => {
    for (const spelling of spellings) {
      expect(canonicalModelName(spelling), spelling).toEqual({ canonical: spellings[0], isCloud: true })
    }
  })

  it.each(OUTSIDE_OLLAMAS_GRAMMAR)('keeps %s, which only other servers take', (text, canonical) => {
    expect(canonicalModelName(text)).toEqual({ canonical, isCloud: false })
  })

  it.each(REFUSED.map((text) => [JSON.stringify(text).slice(0, 40), text]))('refuses %s', (_shown, text) => {
    expect(canonicalModelName(text)).toBeUndefined()
  })

  it('keeps different models apart', () => {
    const models = [...SAME_MODEL, ...SAME_CLOUD_MODEL].map(([canonical]) => canonical)
    expect(new Set(models).size).toBe(models.length)
  })

  it('gives a name that is its own canonical name, whatever the letter case', () => {
    const piece = fc.constantFrom(
      ...['llama3', 'Qwen', 'library', 'latest', 'registry.ollama.ai', '20b', 'K', 'é', 'ſ', 'ß', 'Σ', '-', '.', '_'],
      ...[':', '/', '@', ' ', '://', ':cloud', '-cloud', ':local', 'https', '\u0000', '\u200b', '\\'],
    )
    const name = fc.oneof(
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(name, (text) => {
        const first = canonicalModelName(text)
        if (first === undefined) return
        expect(canonicalModelName(first.canonical)).toEqual(first)
        const upper = canonicalModelName(text.replace(/[a-z]/g, (letter) => letter.toUpperCase()))
        expect(upper).toEqual(first)
      }),
      { numRuns: 1_000 },
    )
  })
})
