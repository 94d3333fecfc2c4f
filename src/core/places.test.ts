import { expect, test } from 'vitest'
import { Places } from './places.ts'

test('lets in so many at a time, and the others in their order', async () => {
  const places = new Places(2)
  const seen: string[] = []
  const enter = async (name: string): Promise<Disposable> => {
    const place = await places.enter()
    seen.push(name)
    return place
  }
  const [a, b] = [await enter('a'), await enter('b')]
  const [c, d] = [enter('c'), enter('d')]
  await Promise.resolve()
  expect(seen).toEqual(['a', 'b'])
  b[Symbol.dispose]()
  const third = await c
  expect(seen).toEqual(['a', 'b', 'c'])
  a[Symbol.dispose]()
  const fourth = await d
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
  third[Symbol.dispose]()
  fourth[Symbol.dispose]()
  await Promise.all([enter('e'), enter('f')])
  expect(seen).toHaveLength(6)
  // Who has left already has no place to give.
  fourth[Symbol.dispose]()
  void enter('g')
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toHaveLength(6)
})
