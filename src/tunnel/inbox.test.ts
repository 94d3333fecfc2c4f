import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { FrameRecorder, rawFrame } from '../../test/support/protocol-frames.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { Inbox } from './inbox.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** What a link has of a socket: whether it is read. */
class Reading {
  isPaused = false

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }
}

function open({ framesPerSecond = 1_000_000 } = {}) {
  const clock = new ManualClock()
  const socket = new Reading()
  const sink = new FrameRecorder()
  const read: number[] = []
  const faults: unknown[] = []
  const inbox = new Inbox({
    socket,
    peer: 'agent',
    framesPerSecond,
    clock,
    sink,
    onRead: (bytes) => read.push(bytes),
    onFault: (thrown) => faults.push(thrown),
  })
  return { clock, socket, sink, inbox, read, faults }
}

/** A message of so many frames of one byte. */
const message = (count: number) =>
  Buffer.concat(Array.from({ length: count }, () => rawFrame(0x12, 0, 1, Buffer.alloc(1))))

test('reads a message of a few frames at once', () => {
  const { socket, sink, inbox, read } = open()
  inbox.add(message(255))
  expect([sink.frames.length, read, socket.isPaused, inbox.isWaiting]).toEqual([255, [2_550], false, false])
})

test('reads 256 frames a turn, in their order, and the socket waits for the last', async () => {
  const { socket, sink, inbox, read } = open()
  inbox.add(message(600))
  // One more had come before the socket stood still.
  inbox.add(message(1))
  expect([sink.frames.length, read, socket.isPaused, inbox.isWaiting]).toEqual([256, [], true, true])
  await turn()
  expect([sink.frames.length, read]).toEqual([512, []])
  await turn()
  expect([sink.frames.length, read, socket.isPaused, inbox.isWaiting]).toEqual([601, [6_000, 10], false, false])
})

test('counts the frames of many small messages alike', async () => {
  const { sink, inbox } = open()
  for (let at = 0; at < 300; at++) inbox.add(message(1))
  expect(sink.frames).toHaveLength(256)
  await turn()
  expect(sink.frames).toHaveLength(300)
})

test('lets others have their turn after 256 KiB', async () => {
  const { sink, inbox, socket } = open()
  const bulk = rawFrame(0x12, 0, 1, Buffer.alloc(65_000))
  for (let at = 0; at < 6; at++) inbox.add(bulk)
  expect([sink.frames.length, socket.isPaused]).toEqual([5, true])
  await turn()
  expect([sink.frames.length, socket.isPaused]).toEqual([6, false])
})

test('reads no more frames a second than it may, after half of them at once', async () => {
  const { clock, sink, inbox, socket } = open({ framesPerSecond: 1_000 })
  for (let at = 0; at < 4; at++) inbox.add(message(256))
  await turn()
  // 512 were read, 12 more than half a second's: it stands still for 12 ms.
  expect(sink.frames).toHaveLength(512)
  clock.advance(11)
  await turn()
  expect([sink.frames.length, socket.isPaused, inbox.isWaiting]).toEqual([512, true, true])
  clock.advance(1)
  expect(sink.frames).toHaveLength(768)
  inbox.close()
  expect(clock.pendingTimers).toBe(0)
})

test('finish reads all that has come, once, and nothing after it', async () => {
  const { sink, inbox, read, socket } = open()
  inbox.add(message(1_000))
  inbox.add(message(1))
  inbox.finish()
  expect([sink.frames.length, read, socket.isPaused]).toEqual([1_001, [10_000, 10], false])
  inbox.add(message(1))
  inbox.finish()
  await turn()
  expect(sink.frames).toHaveLength(1_001)
})

test('a fault ends the reading, wherever it stands', async () => {
  const { sink, inbox, read, faults } = open()
  inbox.add(Buffer.concat([message(300), rawFrame(0x7f, 0, 0, Buffer.alloc(0)), message(1)]))
  expect(faults).toEqual([])
  await turn()
  expect([sink.frames.length, read, faults]).toEqual([300, [], [expect.any(ProtocolError)]])
  inbox.add(message(1))
  await turn()
  expect(sink.frames).toHaveLength(300)
})

test('a frame that costs more counts for more', async () => {
  const { inbox, sink } = open()
  const { onData } = sink
  sink.onData = (...given) => {
    inbox.charge(7)
    onData.apply(sink, given)
  }
  inbox.add(message(64))
  expect(sink.frames).toHaveLength(32)
  await turn()
  expect(sink.frames).toHaveLength(64)
})
