import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { findRoute } from '../../servers/route-table.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import type { Observing } from '../reply/translation.ts'
import type { Ask } from './ask.ts'
import { translate } from './translated.ts'

const TEXT_LENGTH = 24 * 1_024 * 1_024

function routeAt(path: string) {
  const found = findRoute('POST', path)
  if (found === undefined || !('route' in found)) throw new Error(path)
  return found.route
}

/** The link of an answer to a long request, of which nothing else is kept. */
function linkOfLongRequest(): AnswerHandler {
  const content = 'x'.repeat(TEXT_LENGTH)
  const body = Buffer.from(JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content }] }))
  const ask = { route: routeAt('/v1/messages'), models: [], body } as unknown as Ask
  const { link } = translate(ask, {
    route: routeAt('/v1/chat/completions'),
    leftOut: [],
    defaults: undefined,
    canThink: false,
    id: 'x',
    atMs: 0,
  })
  return link({} as Observing, () => true)
}

test('what stays while the answer goes on keeps nothing of the conversation', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const heldBytes = () => {
    // The memory of buffers is given back on the side, and counted by the next collection at the latest.
    collect()
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = heldBytes()
  const link = linkOfLongRequest()
  await new Promise((resolve) => setImmediate(resolve))
  expect(heldBytes() - before).toBeLessThan(TEXT_LENGTH / 2)
  expect(link).toBeDefined()
})
