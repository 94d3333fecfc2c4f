import { expect, test } from 'vitest'
import { RawServer } from '../../test/support/raw-server.ts'
import { systemClock } from '../core/clock.ts'
import { ConnectionBudget } from './connection-budget.ts'
import { HttpDispatcher } from './http-dispatcher.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function start(limit: number) {
  const opened = new AsyncDisposableStack()
  const server = () =>
    RawServer.start((connection) =>
      connection.socket.on('data', (bytes) => {
        if (!bytes.includes('/silent')) connection.write(OK)
      }),
    )
  const servers = [opened.use(await server()), opened.use(await server())] as const
  let exhausted = 0
  const budget = new ConnectionBudget({ limit, onExhausted: () => void exhausted++ })
  const [one, other] = servers.map(({ origin }) =>
    opened.use(new HttpDispatcher({ origin, budget, clock: systemClock })),
  ) as [HttpDispatcher, HttpDispatcher]
  const ask = async (dispatcher: HttpDispatcher, path = '/') => {
    const { body, statusCode } = await dispatcher.request({ path, method: 'GET' })
    await body.text()
    return statusCode
  }
  return {
    servers,
    budget,
    one,
    other,
    ask,
    exhausted: () => exhausted,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('an idle connection gives way to a new one, another dispatcher’s first', async () => {
  await using ground = await start(2)
  const { one, other, ask, servers } = ground
  expect(await Promise.all([ask(one), ask(one)])).toEqual([200, 200])
  expect(await ask(other)).toBe(200)
  await servers[0].connections[0]?.closed
  expect(servers.map(({ connections }) => connections.length)).toEqual([2, 1])
  // The other one is still there to be used.
  expect(await ask(one)).toBe(200)
  expect(servers[0].connections).toHaveLength(2)
  expect(ground.exhausted()).toBe(0)
})

test('where none is idle a request fails for what it is, and the next goes through once one has ended', async () => {
  await using ground = await start(1)
  const { one, other, ask } = ground
  const stop = new AbortController()
  const silent = one.request({ path: '/silent', method: 'GET', signal: stop.signal })
  await expect(ask(other)).rejects.toMatchObject({ name: 'UpstreamFailure', code: 'exhausted' })
  expect(ground.exhausted()).toBe(1)
  stop.abort()
  await expect(silent).rejects.toThrow()
  await ground.servers[0].connections[0]?.closed
  await expect.poll(() => ask(other).catch(() => 0)).toBe(200)
})

test('while it is held nothing is given but what was idle', async () => {
  await using ground = await start(9)
  const { one, other, ask, budget } = ground
  expect(await ask(one)).toBe(200)
  budget.hold(true)
  expect(await ask(other)).toBe(200)
  await ground.servers[0].connections[0]?.closed
  const stop = new AbortController()
  const silent = other.request({ path: '/silent', method: 'GET', signal: stop.signal })
  await expect(ask(one)).rejects.toMatchObject({ code: 'exhausted' })
  budget.hold(false)
  expect(await ask(one)).toBe(200)
  stop.abort()
  await expect(silent).rejects.toThrow()
})
