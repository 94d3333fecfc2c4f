import { expect } from 'vitest'
import { until } from '../proxy/turns.ts'
import { frames, head, hold, rest } from '../support/scripted/steps.ts'
import { askedPath, type ChatCell, describeChatCells, translatedTo } from './chat-cells.ts'
import { CHAT_CLIENTS } from './chat-clients.ts'
import { saying } from './chat-forms.ts'
import { type MatrixGround, modelOn, type Watched } from './ground.ts'

describeChatCells('cancel', undefined, async (cell, ground) => {
  const { heard, thrown, asked, row } = await cancelIn(cell, ground)
  // OpenAI's library ends a bare stream without a word.
  if (cell.client === 'openai-completions' && cell.isStreamed) expect(heard).not.toHaveProperty('usage')
  else expect(thrown).toBeInstanceOf(Error)
  expect(asked?.path).toBe(askedPath(cell))
  // The server is free for others, which is the point.
  expect((await asked?.ended)?.how).toBe('abandoned')
  expect(row).toMatchObject({
    status: 499,
    error_code: 'client_closed',
    is_streamed: cell.isStreamed ? 1 : 0,
    translated: translatedTo(cell),
  })
})

/** A client that leaves a stream once it has begun, or an answer before it has come. */
function cancelIn(cell: ChatCell, ground: MatrixGround): Promise<Watched> {
  const { client, server, isStreamed } = cell
  const { requests, behave } = ground.upstreams[server]
  const before = requests.length
  const path = askedPath(cell)
  const model = modelOn(server)
  behave(isStreamed ? [head, frames(3), hold, rest] : [hold, rest], { path, model })
  const leaving = new AbortController()
  return ground.watch(server, async (place) => {
    let hasBegun = false
    let isOver = false
    const watching: typeof fetch = async (input, init) => {
      const response = await place.fetch(input, init)
      hasBegun = true
      return response
    }
    const body = { model, ...saying('hi')[client] }
    const ask = CHAT_CLIENTS[client].ask({ ...place, fetch: watching }, { body, isStreamed, signal: leaving.signal })
    const answer = ask.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    void answer.then(() => {
      isOver = true
    })
    await until(
      () => isOver || (isStreamed ? hasBegun : requests.slice(before).some((request) => request.path === path)),
    )
    leaving.abort()
    const got = await answer
    if ('error' in got) throw got.error
    return got.value
  })
}
