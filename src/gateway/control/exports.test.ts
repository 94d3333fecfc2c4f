import type { Context } from 'hono'
import { describe, expect, test } from 'vitest'
import { Exports } from './exports.ts'

const PAGES = 20
const PAGE_OBJECTS = 100
const ADA = { personId: 'ada' }
const BOB = { personId: 'bob' }

/** Pages that are there at once: reading them gives nothing else its turn. */
async function* readyPages(taken: () => void = () => undefined): AsyncGenerator<readonly object[]> {
  for (let page = 0; page < PAGES; page++) {
    taken()
    yield Array.from({ length: PAGE_OBJECTS }, (_, index) => ({ number: page * PAGE_OBJECTS + index }))
  }
}

const contextOf = (init: RequestInit = {}) => ({ req: { raw: new Request('http://localhost', init) } }) as Context
const fileOf = (pages = readyPages()) => ({ name: 'numbers.ndjson', pages })

/** Counts the turns of the event loop until disposed. */
function countTurns() {
  let [turns, isOver] = [0, false]
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    get turns() {
      return turns
    },
    [Symbol.dispose]() {
      isOver = true
    },
  }
}

test('a page is one chunk, and after each 50 objects the event loop has a turn', async () => {
  using counted = countTurns()
  const chunks: Uint8Array[] = []
  for await (const chunk of new Exports().answer(ADA, contextOf(), fileOf()).body ?? []) chunks.push(chunk)
  expect(chunks).toHaveLength(PAGES)
  expect(counted.turns).toBeGreaterThanOrEqual(2 * PAGES)
  const lines = Buffer.concat(chunks).toString().split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line).number)).toEqual(
    Array.from({ length: PAGES * PAGE_OBJECTS }, (_, index) => index),
  )
})

test('of several people one page is read in a turn, and all get theirs', async () => {
  using counted = countTurns()
  const exports = new Exports()
  const readAt: number[] = []
  const files = ['ada', 'bob', 'cy'].map((personId) =>
    exports.answer({ personId }, contextOf(), fileOf(readyPages(() => void readAt.push(counted.turns)))).text(),
  )
  const texts = await Promise.all(files)
  expect(new Set(readAt).size).toBe(3 * PAGES)
  for (const text of texts) expect(text.split('\n')).toHaveLength(PAGES * PAGE_OBJECTS + 1)
})

test('no page is read before the one before it is taken', async () => {
  let taken = 0
  const reader = new Exports().answer(ADA, contextOf(), fileOf(readyPages(() => void taken++))).body?.getReader()
  const turnsLater = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    return taken
  }
  expect(await turnsLater()).toBe(0)
  await reader?.read()
  expect(await turnsLater()).toBe(1)
  await reader?.read()
  expect(await turnsLater()).toBe(2)
  await reader?.cancel()
  expect(await turnsLater()).toBe(2)
})

describe('a person has one at a time', () => {
  const refused = (exports: Exports) =>
    expect(() => exports.answer(ADA, contextOf(), fileOf())).toThrow(/one at a time/)

  test('and others have theirs', async () => {
    const exports = new Exports()
    const first = exports.answer(ADA, contextOf(), fileOf())
    refused(exports)
    await exports.answer(BOB, contextOf(), fileOf()).text()
    refused(exports)
    await first.text()
    await exports.answer(ADA, contextOf(), fileOf()).text()
  })

  test('until it is given up, its client has left, or it breaks', async () => {
    const exports = new Exports()
    await exports.answer(ADA, contextOf(), fileOf()).body?.cancel()
    const leaving = new AbortController()
    exports.answer(ADA, contextOf({ signal: leaving.signal }), fileOf())
    refused(exports)
    leaving.abort()
    exports.answer(ADA, contextOf({ signal: AbortSignal.abort() }), fileOf())
    exports.answer(ADA, contextOf({ method: 'HEAD' }), fileOf())
    const broken = exports.answer(
      ADA,
      contextOf(),
      fileOf(
        readyPages(() => {
          throw new Error('the database is away')
        }),
      ),
    )
    await expect(broken.text()).rejects.toThrow('away')
    await exports.answer(ADA, contextOf(), fileOf()).text()
  })
})
