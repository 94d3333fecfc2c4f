import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesModelGlob, matchesPattern, parseModelGlob } from './model-glob.ts'

/** Whether the glob matches, by the definition of `*` and `?` and nothing clever. */
function matchesNaively(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  if (pattern[0] === '*') {
    return matchesNaively(pattern.slice(1), name) || (name !== '' && matchesNaively(pattern, name.slice(1)))
  }
  return (
    name !== '' && (pattern[0] === '?' || pattern[0] === name[0]) && matchesNaively(pattern.slice(1), name.slice(1))
  )
}

const matches = (glob: string, canonical: string) => {
  const parsed = parseModelGlob(glob)
  return parsed !== undefined && matchesModelGlob(parsed, canonical)
}

test('the matcher agrees with the definition on every pattern and name', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 9 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 9 })
  fc.assert(
    fc.property(pattern, name, (pattern, name) => matchesPattern(pattern, name) === matchesNaively(pattern, name)),
    { numRuns: 5_000 },
  )
})

test('a pattern made to backtrack costs no more than its length times the name’s', () => {
  expect(matchesPattern(`${'*a'.repeat(255)}*b`, 'a'.repeat(512))).toBe(false)
})

test.each([
  ['llama3', 'llama3:latest'],
  ['LLaMA3:Latest', 'llama3:latest'],
  ['registry.ollama.ai/library/llama3:8b', 'llama3:8b'],
  ['Qwen/Qwen3-8B', 'qwen/qwen3-8b:latest'],
  ['*', 'hf.co/org/model:q4'],
  ['llama3*', 'llama3.1:8b'],
  ['llama3:*', 'llama3:70b'],
  ['llama?', 'llama3:latest'],
  ['*-Instruct', 'meta-llama/llama-3-8b-instruct:latest'],
  ['/models/*.gguf', '/models/deep/x.gguf'],
  ['library/llama*', 'llama3:latest'],
  ['registry.ollama.ai/library/ll*', 'llama3:latest'],
  ['Registry.Ollama.AI/team/*', 'team/model:8b'],
  ['registry.ollama.ai/*', 'team/model:8b'],
  ['registry.ollama.ai/*', 'llama3:latest'],
  ['library/*', 'llama3:8b'],
  ['library/llama?', 'llama3:latest'],
  ['team/*', 'team/model:8b'],
  ['qwen2.5-coder:?b', 'qwen2.5-coder:7b'],
])('%s means %s', (glob, canonical) => {
  expect(matches(glob, canonical)).toBe(true)
})

test.each([
  ['llama3', 'llama3:8b'],
  ['llama3', 'llama33:latest'],
  ['llama?', 'llama33:latest'],
  ['llama?', 'llama3:8b'],
  ['*-instruct', 'llama-instruct:8b'],
  ['team/*', 'other/team/model:8b'],
  ['llama3:*', 'llama3.1:8b'],
  ['a.c*', 'abc:latest'],
  ['library/*', 'team/model:8b'],
  ['library/*', 'hf.co/org/model:q4'],
  ['registry.ollama.ai/*', 'hf.co/org/model:q4'],
  ['registry.ollama.ai/library/*', 'team/model:8b'],
  ['registry.ollama.ai/team/*', 'model:8b'],
])('%s does not mean %s', (glob, canonical) => {
  expect(matches(glob, canonical)).toBe(false)
})

test.each(['', ' ', '* *', 'a\n*', 'a\0', '\u202e*', 'x'.repeat(513), '*'.repeat(513)])('%j is refused', (text) => {
  expect(parseModelGlob(text)).toBeUndefined()
})

test('a glob keeps the text it was given', () => {
  expect(parseModelGlob('LLaMA3')?.text).toBe('LLaMA3')
})
