import { expect } from 'vitest'
import { checkEvents } from '../support/answer-schemas/answer-schemas.ts'
import { orderFaultOf } from '../support/order-fault-of.ts'
import { bytes, cut, end, errorFrame, frames, head } from '../support/scripted/steps.ts'
import { askedPath, askIn, type ChatCell, describeChatCells, translatedTo } from './chat-cells.ts'
import { saying } from './chat-forms.ts'
import { type MatrixGround, modelOn, type Watched } from './ground.ts'

const WORDS = 'the runner has crashed'

describeChatCells('error during the answer', undefined, async (cell, ground) => {
  const watched = await (cell.isStreamed ? failIn(cell, ground) : cutIn(cell, ground))
  expect(watched.asked?.path).toBe(askedPath(cell))
  expect(watched.heard).toBeUndefined()
  expect(watched.thrown).toBeInstanceOf(Error)
})

/** A stream that says that it failed. */
async function failIn(cell: ChatCell, ground: MatrixGround): Promise<Watched> {
  const { client, server } = cell
  const match = { path: askedPath(cell), model: modelOn(server) }
  ground.upstreams[server].behave([head, frames(5), errorFrame(WORDS), end], match)
  const watched = await askIn(cell, ground, saying('hi')[client])
  expect(watched.status).toBe(200)
  expect(String(watched.thrown)).toContain(WORDS)
  expect(checkEvents(client, watched.answer)).toBeGreaterThan(1)
  expect(orderFaultOf(client, watched.answer)).toBeUndefined()
  expect(watched.row).toMatchObject({ error_code: 'upstream_failed', is_streamed: 1, translated: translatedTo(cell) })
  return watched
}

/** A whole answer of which only the beginning comes. */
async function cutIn(cell: ChatCell, ground: MatrixGround): Promise<Watched> {
  const { client, server } = cell
  ground.upstreams[server].behave([head, bytes(10), cut], { path: askedPath(cell), model: modelOn(server) })
  const watched = await askIn(cell, ground, saying('hi')[client])
  expect(watched.status).toBe(502)
  expect(watched.row).toMatchObject({
    error_code: 'upstream_interrupted',
    is_streamed: 0,
    translated: translatedTo(cell),
  })
  return watched
}
