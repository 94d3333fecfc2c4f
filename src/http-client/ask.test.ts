import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { AskFailed, ask, type Question } from './ask.ts'

const PATIENCE = { timeoutMs: 60_000, limits: 'whole' } as const

/** The URL of a server that answers so. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function faultOf(call: Promise<unknown>): Promise<string> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof AskFailed) return thrown.fault
  throw new Error('it did not fail, or otherwise', { cause: thrown })
}

const textOf = async (question: Question, maxBytes?: number) => (await ask(question)).text(maxBytes)

test('sends method, headers and body, and gives status, type and text', async () => {
  const url = await answering(async (request, response) => {
    const chunks = await request.toArray()
    response.setHeader('content-type', 'text/plain')
    response.statusCode = 418
    response.end(`${request.method} ${request.headers['x-a']} ${Buffer.concat(chunks)}`)
  })
  const answer = await ask({ ...PATIENCE, url, method: 'POST', headers: { 'x-a': '1' }, body: 'ä' })
  expect([answer.status, answer.type, await answer.text()]).toEqual([418, 'text/plain', 'POST 1 ä'])
})

test('follows no redirect', async () => {
  const url = await answering((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end())
  expect((await ask({ ...PATIENCE, url })).status).toBe(302)
})

test('a body as long as was asked for is read, a longer one is not', async () => {
  const url = await answering((_request, response) => response.end('abcd'))
  expect(await textOf({ ...PATIENCE, url }, 4)).toBe('abcd')
  expect(await faultOf(textOf({ ...PATIENCE, url }, 3))).toBe('too-long')
})

test('a body that is cut off is no whole one', async () => {
  const url = await answering((_request, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('abc', () => response.destroy())
  })
  expect(await faultOf(textOf({ ...PATIENCE, url }))).toBe('broken')
})

test('what speaks no HTTP is no answer', async () => {
  const server = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n'))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await faultOf(ask({ ...PATIENCE, url }))).toBe('broken')
})

test.each<[limits: Question['limits'], isHeld: boolean]>([
  ['whole', true],
  ['silence', false],
  ['head', false],
])('two waits that are too long together are too long where %s is limited', async (limits, isHeld) => {
  const clock = new ManualClock()
  const isRead = Promise.withResolvers<void>()
  const url = await answering(async (_request, response) => {
    clock.advance(700)
    response.write('a')
    await isRead.promise
    clock.advance(700)
    response.end('b')
  })
  const answer = await ask({ url, timeoutMs: 1_000, limits, clock })
  isRead.resolve()
  if (isHeld) expect(await faultOf(answer.text())).toBe('late')
  else expect(await answer.text()).toBe('ab')
})

test.each(['head', 'whole', 'silence'] as const)('silence ends it where %s is limited', async (limits) => {
  const clock = new ManualClock()
  const url = await answering(() => clock.advance(1_000))
  expect(await faultOf(ask({ url, timeoutMs: 1_000, limits, clock }))).toBe('late')
})

test('its signal gives it up, before it is sent and in its body', async () => {
  const url = await answering((_request, response) => response.write('a'))
  expect(await faultOf(ask({ ...PATIENCE, url, signal: AbortSignal.abort() }))).toBe('abandoned')
  const controller = new AbortController()
  const answer = await ask({ ...PATIENCE, url, signal: controller.signal })
  const fault = faultOf(answer.text())
  controller.abort()
  expect(await fault).toBe('abandoned')
})

test('a disposed answer closes its connection', async () => {
  const closed = Promise.withResolvers<void>()
  const url = await answering((request, response) => {
    request.socket.once('close', closed.resolve)
    response.write('a')
  })
  {
    using answer = await ask({ ...PATIENCE, url })
    expect(answer.status).toBe(200)
  }
  await closed.promise
})
