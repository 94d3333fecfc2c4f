import type { Dispatcher } from 'undici'
import { expect, test } from 'vitest'
import { respond } from '../../src/tunnel/http/http-stream.ts'
import type { TunnelLimits } from '../../src/tunnel/limits.ts'
import { heldBufferBytes } from '../security/heap.ts'
import { ManualClock } from '../support/clock.ts'
import { rawFrame } from '../support/protocol-frames.ts'
import { againstGateway, openRawLink } from '../support/raw-link.ts'
import { dataOf, headOf, openOf } from '../support/raw-tunnel-peer.ts'
import { untilStill } from '../support/stillness.ts'
import { openStream, pour, ServedStreams, StreamRecorder } from '../support/stream-recorder.ts'
import { startTunnelPair, type TunnelPair } from '../support/tunnel-pair.ts'

const MB = 1_000_000
const FIRST_WINDOW = 65_536

async function openPair(limits: Partial<TunnelLimits> = {}): Promise<TunnelPair & { readonly served: ServedStreams }> {
  const served = new ServedStreams()
  // Time stands still: to every window its reader is as fast as can be, however slow this machine is.
  const clock = new ManualClock()
  const pair = await startTunnelPair({ onStream: served.serve, gatewayLimits: limits, agentLimits: limits, clock })
  await pair.connect()
  return Object.assign(Object.create(pair) as TunnelPair, { served })
}

/** Reads the body only when it is told to. */
class PausedHandler implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined
  bytes = 0
  hasEnded = false
  error: Error | undefined

  onResponseStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    controller.pause()
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length
  }

  onResponseEnd(): void {
    this.hasEnded = true
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.error = error
  }
}

test('a reader that stands still holds up nobody, and nothing comes beyond its window', async () => {
  await using pair = await openPair()
  const { served, gateway, dispatcher } = pair
  const slow = new PausedHandler()
  dispatcher.dispatch({ origin: 'http://a', path: '/slow', method: 'GET' }, slow)
  const quick = openStream(gateway.session, '/quick')
  await expect.poll(() => served.byTarget.size).toBe(2)
  for (const target of ['/slow', '/quick']) {
    respond(served.get(target).stream, { status: 200, fields: [] }, false)
    pour(served.get(target), 5 * MB)
  }
  await expect.poll(() => quick.hasEnded).toBe(true)
  expect(quick.bytes).toBe(5 * MB)
  expect(slow.bytes).toBe(0)
  slow.controller?.resume()
  await expect.poll(() => slow.hasEnded).toBe(true)
  expect(slow.bytes).toBe(5 * MB)
})

test('nor does a model server that takes no upload', async () => {
  await using pair = await openPair()
  const { served, gateway } = pair
  served.isPaused = true
  const stuck = openStream(gateway.session, '/stuck', { hasBody: true })
  await expect.poll(() => served.byTarget.size).toBe(1)
  served.isPaused = false
  const free = openStream(gateway.session, '/free', { hasBody: true })
  pour(stuck, 5 * MB)
  pour(free, 5 * MB)
  await expect.poll(() => served.byTarget.get('/free')?.hasEnded).toBe(true)
  expect(served.get('/free').bytes).toBe(5 * MB)
  expect(served.get('/stuck').bytes).toBe(FIRST_WINDOW)
  served.get('/stuck').resume()
  await expect.poll(() => served.get('/stuck').hasEnded).toBe(true)
  expect(served.get('/stuck').bytes).toBe(5 * MB)
})

test('both directions of one stream have credit of their own', async () => {
  await using pair = await openPair()
  const { served, gateway } = pair
  served.isPaused = true
  const stream = openStream(gateway.session, '/x', { hasBody: true })
  pour(stream, MB)
  await expect.poll(() => served.byTarget.get('/x')?.bytes).toBe(FIRST_WINDOW)
  respond(served.get('/x').stream, { status: 200, fields: [] }, false)
  pour(served.get('/x'), MB)
  await expect.poll(() => stream.hasEnded).toBe(true)
  expect(stream.bytes).toBe(MB)
})

test('what a stalled stream was allowed to send is its window, to the byte', async () => {
  const { peer, dispatcher } = await againstGateway()
  const slow = new PausedHandler()
  dispatcher.dispatch({ origin: 'http://a', path: '/slow', method: 'GET' }, slow)
  const id = await peer.stream('/slow')
  peer.send(headOf(id))
  for (let sent = 0; sent < FIRST_WINDOW; sent += 16_384) peer.send(dataOf(id, Buffer.alloc(16_384)))
  await peer.settled()
  expect(peer.frames.filter(({ is }) => is === 'credit')).toEqual([])
  expect(slow.error).toBeUndefined()
  // Not one more.
  peer.send(dataOf(id, 'x'))
  await peer.settled()
  const reset = { code: 'flow_control', origin: 'agent', text: 'more DATA came than credit was given for' }
  expect((await peer.first('reset')).reset).toEqual(reset)
  expect(slow.error).toMatchObject({ code: 'interrupted' })
})

test('no trick with small pieces in large messages makes a stalled stream cost more', async () => {
  const { peer, dispatcher } = await againstGateway()
  const slow = new PausedHandler()
  dispatcher.dispatch({ origin: 'http://a', path: '/slow', method: 'GET' }, slow)
  const id = await peer.stream('/slow')
  peer.send(headOf(id))
  await peer.settled()
  const before = heldBufferBytes()
  for (let at = 0; at < 900; at++) peer.send(rawFrame(0x80, 0, 0, Buffer.alloc(60_000)), dataOf(id, 'x'))
  await peer.settled()
  await expect.poll(() => heldBufferBytes() - before).toBeLessThan(20 * MB)
  expect(slow.error).toBeUndefined()
})

test('windows grow while they are used, up to their bound', async () => {
  await using pair = await openPair({ maxWindowBytes: 300_000 })
  const { served, gateway } = pair
  const reader = openStream(gateway.session, '/x')
  await expect.poll(() => served.byTarget.size).toBe(1)
  respond(served.get('/x').stream, { status: 200, fields: [] }, false)
  pour(served.get('/x'), 100 * MB)
  await expect.poll(() => reader.bytes).toBeGreaterThan(2 * MB)
  reader.pause()
  await untilStill(() => reader.heldBytes)
  expect(reader.heldBytes).toBeGreaterThan(FIRST_WINDOW)
  expect(reader.heldBytes).toBeLessThanOrEqual(300_000)
})

test('all windows of a link together stop at its bound', async () => {
  const linkWindowBytes = 1 * MB
  await using pair = await openPair({ maxWindowBytes: 900_000, linkWindowBytes })
  const { served, gateway } = pair
  const readers = Array.from({ length: 4 }, (_, at) => openStream(gateway.session, `/${at}`))
  await expect.poll(() => served.byTarget.size).toBe(4)
  for (const { stream } of served.byTarget.values()) respond(stream, { status: 200, fields: [] }, false)
  for (const recorder of served.byTarget.values()) pour(recorder, 100 * MB)
  await expect.poll(() => Math.min(...readers.map(({ bytes }) => bytes))).toBeGreaterThan(2 * MB)
  for (const reader of readers) reader.pause()
  const held = () => readers.reduce((sum, { heldBytes }) => sum + heldBytes, 0)
  await untilStill(held)
  expect(held()).toBeGreaterThan(4 * FIRST_WINDOW)
  expect(held()).toBeLessThanOrEqual(linkWindowBytes)
  // What a stream had goes back when it is over.
  for (const { stream } of readers.slice(1)) stream.reset('cancelled', 'client', '')
  readers[0]?.resume()
  await expect.poll(() => readers[0]?.bytes).toBeGreaterThan(10 * MB)
  readers[0]?.pause()
  await untilStill(() => readers[0]?.heldBytes ?? 0)
  expect(readers[0]?.heldBytes).toBeLessThanOrEqual(900_000)
  expect(readers[0]?.heldBytes).toBeGreaterThan(450_000 - 16_384)
})

test('a writer is told to stop, and told once when there is room again', async () => {
  await using pair = await openPair()
  const { served, gateway } = pair
  const reader = openStream(gateway.session, '/x', { isPaused: true })
  await expect.poll(() => served.byTarget.size).toBe(1)
  const writer = served.get('/x')
  respond(writer.stream, { status: 200, fields: [] }, false)
  expect(writer.stream.write(Buffer.alloc(262_143))).toBe(true)
  expect(writer.stream.write(Buffer.alloc(1))).toBe(false)
  // The window leaves more than half of it waiting.
  await expect.poll(() => reader.bytes).toBe(FIRST_WINDOW)
  expect(writer.calls).toEqual(['end'])
  reader.resume()
  await expect.poll(() => reader.bytes).toBe(262_144)
  expect(writer.calls).toEqual(['end', 'drain'])
})

test('requests made in one turn leave in one message', async () => {
  const { peer, dispatcher, session } = await againstGateway()
  await peer.settled()
  const before = peer.messages.length
  for (let at = 0; at < 50; at++) {
    dispatcher.dispatch({ origin: 'http://a', path: `/${at}`, method: 'POST', body: 'hello' }, new PausedHandler())
  }
  await peer.stream('/49')
  expect(session.liveStreams).toBe(50)
  expect(peer.messages).toHaveLength(before + 1)
  expect(peer.frames.filter(({ is }) => is === 'open' || is === 'data')).toHaveLength(100)
})

test('so do answers', async () => {
  const { peer } = await openRawLink('agent', {
    onStream(stream) {
      stream.receiver = new StreamRecorder()
      respond(stream, { status: 200, fields: [] }, false)
      stream.write(Buffer.from('hello'))
      stream.end()
    },
  })
  await peer.settled()
  const before = peer.messages.length
  // As many as are read in one turn.
  peer.send(...Array.from({ length: 30 }, (_, at) => openOf(at * 2 + 1)))
  await peer.until((frames) => frames.find((frame) => frame.is === 'data' && frame.streamId === 59))
  expect(peer.messages).toHaveLength(before + 1)
})
