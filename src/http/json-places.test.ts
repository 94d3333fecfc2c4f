import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placesOf } from './json-places.ts'
import { scanJsonBeginning, scanJsonObject } from './json-scan.ts'

/** Each value that is found in `body`, as its place and its text. */
function foundIn(paths: readonly string[], body: string): string[] {
  const found: string[] = []
  const places = {
    tree: placesOf(paths),
    found: (value: { place: number; type: string; text(): string | undefined }) => {
      found.push(`${paths[value.place]} ${value.text() ?? value.type}`)
    },
  }
  scanJsonObject(Buffer.from(body), { guarded: ['model'], maxDepth: 64, places })
  return found
}

describe('places', () => {
  const IMAGE = 'messages/content+/image_url'
  const URL = 'messages/content+/image_url/url'

  test('are found through arrays, in objects alone, and however deep a field is within itself', () => {
    expect(foundIn([IMAGE], '{"messages":[{"content":[{"a":1},{"image_url":"x"},{"image_url":"y"}]}]}')).toEqual([
      `${IMAGE} x`,
      `${IMAGE} y`,
    ])
    expect(foundIn([IMAGE], '{"messages":{"content":{"content":[[{"content":{"image_url":["x"]}}]]}}}')).toEqual([
      `${IMAGE} x`,
    ])
    expect(foundIn([IMAGE, URL], '{"messages":[{"content":{"image_url":{"url":"x"}}}]}')).toEqual([
      `${IMAGE} object`,
      `${URL} x`,
    ])
  })

  test('are found in any letter case and by any escape, each time they are there', () => {
    const messages = (name: string) => `{"messages":[{"content":{"${name}":"x"}}]}`
    for (const name of ['IMAGE_URL', 'Image_url', 'im\\u0061ge_url', '\\u0049mage_url', 'image_ur\\u004C']) {
      expect(foundIn([IMAGE], messages(name)), name).toEqual([`${IMAGE} x`])
    }
    expect(foundIn(['tools/server_url'], '{"tool\\u017f":{"\u017ferver_url":"x","server_url":"y"}}')).toEqual([
      'tools/server_url x',
      'tools/server_url y',
    ])
  })

  test('are not found elsewhere', () => {
    for (const body of [
      '{"image_url":"x"}',
      '{"messages":[{"image_url":"x"}]}',
      '{"messages":[{"content":{"arguments":{"image_url":"x"}}}]}',
      '{"messages":[{"content":"image_url"}]}',
      '{"messages":[{"content":{"image_url2":"x","image_ur":"x","":"x"}}]}',
      '{"messages":[],"content":{"image_url":"x"}}',
    ]) {
      expect(foundIn([IMAGE], body), body).toEqual([])
    }
  })

  test('stand for all names that begin alike', () => {
    expect(foundIn(['lora*'], '{"lora":1,"LoRA_path":"x","lor":2,"l\\u006fra":[{"id":1},2],"xlora":3}')).toEqual([
      'lora* number',
      'lora* x',
      'lora* object',
      'lora* number',
    ])
  })

  test('tell how a text begins without reading to its end, and what is empty', () => {
    const seen: unknown[] = []
    const places = {
      tree: placesOf(['a']),
      found: (value: { beginning(length: number): string | undefined; isEmpty(): boolean }) => {
        seen.push(value.beginning(4)?.slice(0, 4), value.isEmpty())
      },
    }
    const long = 'x'.repeat(1_000_000)
    const body = `{"a":["","h\\u0074tp:${long}","\\/9j\\n","é${long}"],"A":[null,false,{ },true,0,{"b":1}]}`
    scanJsonObject(Buffer.from(body), { guarded: [], maxDepth: 8, places })
    expect(seen).toEqual([
      ...['', true, 'http', false, '/9j\n', false, 'Ã©xx', false],
      ...[undefined, true, undefined, true, undefined, true],
      ...[undefined, false, undefined, false, undefined, false],
    ])
  })
})

test('agrees with a walk through what JSON.parse gives', () => {
  const paths = ['a', 'a/b', 'b+/c', 'c/a+/b*', 'b/d']
  const walks: Readonly<Record<string, RegExp>> = {
    a: /^a$/i,
    'a/b': /^a\/b$/i,
    'b+/c': /^b(?:\/b)*\/c$/i,
    'c/a+/b*': /^c\/a(?:\/a)*\/b[^/]*$/i,
    'b/d': /^b(?:\/b)*\/d$/i,
  }
  const walk = (value: unknown, at: string, told: string[]): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, at, told)
      return
    }
    const place = paths.find((path) => walks[path]?.test(at))
    if (place !== undefined) told.push(`${place} ${typeof value === 'string' ? value : typeOf(value)}`)
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value)) walk(inner, at === '' ? name : `${at}/${name}`, told)
  }
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom('x', '', 1, null, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'B', 'c', 'd', 'A', 'bb', 'x'), tie('tree'), { maxKeys: 5 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'C', 'x'), tree), (body) => {
      const told: string[] = []
      walk(body, '', told)
      expect(foundIn(paths, JSON.stringify(body))).toEqual(told)
    }),
    { numRuns: 300 },
  )
})

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

describe('the beginning of a body', () => {
  const modelIn = (text: string) =>
    scanJsonBeginning(Buffer.from(text), { guarded: ['model'], maxDepth: 8 }).string('model')

  test('gives a field that is whole there', () => {
    expect(modelIn('{"model":"a","messages":[{"role":"us')).toBe('a')
    expect(modelIn('{"messages":[{"model":"x"}],"model":"a" ')).toBe('a')
  })

  test('gives none that may go on, or is not there yet', () => {
    for (const text of ['{"model":"a', '{"model":', '{"mod', '{', '', '{"messages":[{"model":"x"}', '{"model":{"a":']) {
      expect(modelIn(text), text).toBeUndefined()
    }
  })

  test('refuses what does not begin as an object', () => {
    for (const text of ['model', ' [', '"', '1']) expect(() => modelIn(text), text).toThrow("there is no '{'")
  })
})
