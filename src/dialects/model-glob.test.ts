import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCoveredBy, type ModelGlob, matchesModelGlob, matchesPattern, parseModelGlob } from './model-glob.ts'
import { canonicalModelName } from './model-name.ts'

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

describe('a glob held against another', () => {
  const glob = (text: string) => parseModelGlob(text) as ModelGlob

  test.each([
    ['llama3', '*'],
    ['*', '*'],
    ['**', '*'],
    ['library/llama*', '*'],
    ['llama3', 'llama3'],
    ['LLAMA3:latest', 'llama3'],
    ['llama3', 'library/llama3'],
    ['llama3', 'registry.ollama.ai/library/*'],
    ['llama3:8b', 'llama*'],
    ['llama*', 'llama*'],
    ['llama3*', 'llama*'],
    ['llama?:8b', 'LLAMA*'],
    ['llama*-coder', 'llama*'],
    ['llama?-x*', 'llama?*'],
    ['*coder-x', '*coder*'],
    ['qwen-coder', '*-coder'],
    ['*-coder', '*-coder'],
    ['library/llama*', 'library/*'],
    ['hf.co/someone/*', 'hf.co/*'],
  ])('%s is covered by %s', (text, allowed) => {
    expect(isCoveredBy(glob(text), glob(allowed))).toBe(true)
  })

  test.each([
    ['*', 'llama*'],
    ['llama*', 'llama3*'],
    ['llama*', 'llama3'],
    ['llama3:8b', 'llama3'],
    ['llama3', 'llama3:8b'],
    ['l*', 'llama*'],
    ['?lama3', 'llama3'],
    ['*llama', 'llama*'],
    ['*', '?*'],
    ['*', 'library/*'],
    ['*', 'registry.ollama.ai/*'],
    ['someone/*', 'library/*'],
    ['library/x*', 'l*'],
    ['registry.ollama.ai/x*', 'r*'],
    ['ab*', 'a?*'],
    // What a closer look would show is left undecided.
    ['library/llama*', 'llama*'],
    ['qwen-coder*', '*coder*'],
  ])('%s is not said to be covered by %s', (text, allowed) => {
    expect(isCoveredBy(glob(text), glob(allowed))).toBe(false)
  })

  // Short texts over few characters meet each other's patterns often.
  const piece = fc.constantFrom(
    'a',
    'b',
    'A',
    ':',
    '/',
    '*',
    '?',
    'latest',
    'library/',
    'registry.ollama.ai/',
    'x:b',
    'l',
    'r',
  )
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 5 })
    .map((pieces) => parseModelGlob(pieces.join('')))
    .filter((parsed) => parsed !== undefined)
  const name = fc
    .array(fc.constantFrom('a', 'b', ':', '/', 'latest', 'library/', 'x:b', 'l', 'r'), { minLength: 1, maxLength: 5 })
    .map((pieces) => canonicalModelName(pieces.join(''))?.canonical)
    .filter((canonical) => canonical !== undefined)

  test('that is covered means no name that the other does not', () => {
    let covered = 0
    fc.assert(
      fc.property(pattern, pattern, fc.array(name, { maxLength: 20 }), (one, other, names) => {
        if (!isCoveredBy(one, other)) return
        covered += 1
        for (const canonical of names) {
          if (matchesModelGlob(one, canonical))
            expect([one.text, matchesModelGlob(other, canonical)]).toEqual([one.text, true])
        }
      }),
      { numRuns: 20_000 },
    )
    expect(covered).toBeGreaterThan(500)
  })

  test('covers itself, and what goes on where it leaves off', () => {
    fc.assert(
      fc.property(pattern, (one) => {
        expect(isCoveredBy(one, one)).toBe(true)
        expect(isCoveredBy(one, glob('*'))).toBe(true)
      }),
    )
  })
})
