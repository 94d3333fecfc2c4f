import { describe, expect, test } from 'vitest'
import { type ReadFrame, readFrames } from '../../test/support/protocol-frames.ts'
import { systemClock } from '../core/clock.ts'
import { STREAM_KIND } from '../protocol/codes.ts'
import { creditFrame, openFrame } from '../protocol/frame-writer.ts'
import { MAX_MESSAGE_BYTES } from '../protocol/limits.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { type Channel, type DataSource, Outbox } from './outbox.ts'

const RESEND_BYTES = 1_000_000

class Wire implements Channel {
  isFull = false
  readonly messages: Buffer[] = []

  send(message: Buffer): void {
    this.messages.push(message)
  }

  get frames(): readonly ReadFrame[] {
    return this.messages.flatMap((message) => readFrames(message))
  }
}

/** Has room for so many messages at a time. */
class Narrow extends Wire {
  readonly #room: number
  #waiting = 0

  constructor(room: number) {
    super()
    this.#room = room
  }

  override send(message: Buffer): void {
    super.send(message)
    this.#waiting++
    this.isFull = this.#waiting >= this.#room
  }

  empty(): void {
    this.#waiting = 0
    this.isFull = false
  }
}

/** A stream with that much DATA of one letter to send. */
class Bulk implements DataSource {
  isQueued = false
  isPlannedToEnd = false
  readonly id: number
  #left: number

  constructor(id: number, bytes: number) {
    this.id = id
    this.#left = bytes
  }

  planFrame(room: number): number {
    if (this.#left === 0) return -1
    const length = Math.min(this.#left, 16_384, room)
    this.#left -= length
    return length
  }

  take(message: Buffer, at: number, length: number): void {
    message.fill(0x61, at, at + length)
  }

  onTaken(): void {}
}

function open({ resendBytes = RESEND_BYTES, keepsSent = true } = {}) {
  const outbox = new Outbox(resendBytes, keepsSent, systemClock)
  const wire = new Wire()
  outbox.attach(wire, 0)
  return { outbox, wire }
}

/** CREDIT frames of one byte, one message each: `count` of them have been sent in all. */
function sendCredits(outbox: Outbox, from: number, to: number): void {
  for (let at = from; at <= to; at++) {
    outbox.push(creditFrame(1, at))
    outbox.flush()
  }
}

const creditsOf = (wire: Wire) => wire.frames.map((frame) => (frame.is === 'credit' ? frame.bytes : frame.is))

describe('messages', () => {
  test('frames made in one turn leave in one message, at its end', async () => {
    const { outbox, wire } = open()
    for (let id = 1; id <= 199; id += 2) outbox.push(creditFrame(id, 1))
    const bulk = new Bulk(1, 10)
    outbox.add(bulk)
    expect(wire.messages).toHaveLength(0)
    await new Promise(setImmediate)
    expect(wire.messages).toHaveLength(1)
    expect(wire.frames).toHaveLength(101)
  })

  test('whole frames go before DATA that waits, also when they need more than one message', () => {
    const { outbox, wire } = open()
    outbox.add(new Bulk(1, 10))
    for (let id = 1; id <= 9; id += 2) outbox.push(openFrame(id, STREAM_KIND.http, Buffer.alloc(30_000), true))
    outbox.flush()
    expect(wire.frames.map(({ is }) => is)).toEqual(['open', 'open', 'open', 'open', 'open', 'data'])
    expect(wire.messages.length).toBeGreaterThan(1)
    for (const message of wire.messages) expect(message.length).toBeLessThanOrEqual(65_536)
  })

  test('streams with bulk take turns', () => {
    const { outbox, wire } = open({ resendBytes: 10_000_000 })
    outbox.add(new Bulk(1, 1_000_000))
    outbox.add(new Bulk(3, 1_000_000))
    outbox.add(new Bulk(5, 100))
    outbox.flush()
    const ids = wire.frames.map((frame) => (frame.is === 'data' ? frame.streamId : 0))
    expect(ids.slice(0, 7)).toEqual([1, 3, 5, 1, 3, 1, 3])
  })

  test('no message is larger than the other side takes', () => {
    const { outbox, wire } = open({ resendBytes: 10_000_000 })
    for (let at = 0; at < 5_000; at++) outbox.push(creditFrame(1, at))
    for (let id = 1; id < 20; id += 2) outbox.add(new Bulk(id, 100_000))
    outbox.flush()
    const sizes = wire.messages.map(({ length }) => length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
    // Full, but for the last of all.
    expect(Math.min(...sizes.slice(1, -1))).toBeGreaterThan(MAX_MESSAGE_BYTES - 1_100)
    const bytes = wire.frames.reduce((sum, frame) => sum + (frame.is === 'data' ? frame.data.length : 0), 0)
    expect(bytes).toBe(1_000_000)
  })

  test('a link that is full gets nothing until it has room', () => {
    const { outbox, wire } = open()
    wire.isFull = true
    outbox.push(creditFrame(1, 1))
    outbox.flush()
    expect(wire.messages).toHaveLength(0)
    wire.isFull = false
    outbox.flush()
    expect(wire.messages).toHaveLength(1)
  })
})

describe('what is kept', () => {
  test('all that was sent, until it is acknowledged, and then nothing', () => {
    const { outbox, wire } = open()
    sendCredits(outbox, 1, 1_000)
    const sent = wire.messages.reduce((sum, { length }) => sum + length, 0)
    expect(outbox.keptBytes).toBe(sent)
    outbox.acknowledge(400)
    expect(outbox.keptBytes).toBe((sent / 1_000) * 600)
    outbox.acknowledge(1_000)
    expect(outbox.keptBytes).toBe(0)
    expect(outbox.heldBytes).toBe(0)
  })

  test('a lower count, or one inside a message, acknowledges no more', () => {
    const { outbox } = open()
    outbox.push(creditFrame(1, 1))
    outbox.push(creditFrame(1, 2))
    outbox.flush()
    const kept = outbox.keptBytes
    outbox.acknowledge(1)
    outbox.acknowledge(0)
    expect(outbox.keptBytes).toBe(kept)
  })

  test('nothing where no link can follow', () => {
    const { outbox, wire } = open({ keepsSent: false })
    sendCredits(outbox, 1, 10)
    expect(wire.messages).toHaveLength(10)
    expect(outbox.keptBytes).toBe(0)
  })

  test('the bound holds back DATA, and not the frames that others wait for', () => {
    const { outbox, wire } = open({ resendBytes: 100_000 })
    outbox.add(new Bulk(1, 10_000_000))
    outbox.flush()
    expect(outbox.keptBytes).toBeGreaterThanOrEqual(100_000)
    expect(outbox.keptBytes).toBeLessThan(100_000 + 65_536 + 16_384 + 9)
    const before = wire.messages.length
    outbox.push(creditFrame(1, 7))
    outbox.flush()
    expect(readFrames(wire.messages[before] as Buffer)).toEqual([{ is: 'credit', streamId: 1, bytes: 7 }])
    expect(wire.messages).toHaveLength(before + 1)
  })

  test('DATA goes on by itself when enough is acknowledged', async () => {
    const { outbox, wire } = open({ resendBytes: 100_000 })
    outbox.add(new Bulk(1, 200_000))
    outbox.flush()
    await new Promise(setImmediate)
    outbox.acknowledge(wire.frames.length)
    await new Promise(setImmediate)
    const bytes = wire.frames.reduce((sum, frame) => sum + (frame.is === 'data' ? frame.data.length : 0), 0)
    expect(bytes).toBe(200_000)
  })

  test('small frames that are never taken count with what they cost', () => {
    const { outbox } = open()
    outbox.detach()
    for (let at = 0; at < 1_000; at++) outbox.push(creditFrame(1, 1))
    expect(outbox.heldBytes).toBeGreaterThan(100_000)
    outbox.clear()
    expect(outbox.heldBytes).toBe(0)
  })
})

describe('the next link', () => {
  /** Ten messages of two frames each, on a link that then breaks. */
  function broken() {
    const { outbox } = open()
    for (let at = 1; at <= 10; at++) {
      outbox.push(creditFrame(1, at * 2 - 1))
      outbox.push(creditFrame(1, at * 2))
      outbox.flush()
    }
    outbox.detach()
    return { outbox, next: new Wire() }
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

  test.each([
    ['nothing was lost', 20, []],
    ['half was lost', 10, range(11, 20)],
    ['all was lost', 0, range(1, 20)],
  ])('%s', (_, received, again) => {
    const { outbox, next } = broken()
    outbox.attach(next, received)
    expect(creditsOf(next)).toEqual(again)
  })

  test('what was made meanwhile comes after what is sent again', async () => {
    const { outbox, next } = broken()
    outbox.push(creditFrame(1, 21))
    outbox.flush()
    outbox.attach(next, 18)
    await new Promise(setImmediate)
    expect(creditsOf(next)).toEqual([19, 20, 21])
  })

  test('gets what is kept as far as it has room, and nothing new before', () => {
    const { outbox, next } = broken()
    const room = new Narrow(3)
    outbox.attach(room, 4)
    expect(creditsOf(room)).toEqual(range(5, 10))
    outbox.push(creditFrame(1, 21))
    outbox.flush()
    expect(creditsOf(room)).toEqual(range(5, 10))
    // What the other side has meanwhile is not sent once more.
    outbox.acknowledge(14)
    room.empty()
    outbox.flush()
    expect(creditsOf(room)).toEqual([...range(5, 10), ...range(15, 20)])
    room.empty()
    outbox.flush()
    expect(creditsOf(room)).toEqual([...range(5, 10), ...range(15, 21)])
    // And all of it again on the one after.
    outbox.attach(next, 14)
    expect(creditsOf(next)).toEqual(range(15, 21))
  })

  test('that resumes again and again with small messages takes no more than a turn of each', async () => {
    const { outbox } = open()
    sendCredits(outbox, 1, 2_000)
    outbox.acknowledge(300)
    outbox.detach()
    const wires = Array.from({ length: 3 }, () => new Wire())
    for (const wire of wires) outbox.attach(wire, 300)
    expect(wires.map(({ messages }) => messages.length)).toEqual([256, 256, 256])
    while ((wires[2]?.messages.length ?? 0) < 1_700) await new Promise(setImmediate)
    expect(creditsOf(wires[2] as Wire)).toEqual(range(301, 2_000))
    expect(wires[0]?.messages).toHaveLength(256)
  })

  test('a part of a message cannot have been received', () => {
    const { outbox, next } = broken()
    expect(() => outbox.attach(next, 11)).toThrow(ProtocolError)
    expect(next.messages).toHaveLength(0)
  })

  test('nor what was never sent', () => {
    const { outbox, next } = broken()
    expect(() => outbox.attach(next, 21)).toThrow(ProtocolError)
    expect(() => outbox.acknowledge(21)).toThrow(ProtocolError)
  })

  test('nor less than was acknowledged already', () => {
    const { outbox, next } = broken()
    outbox.acknowledge(10)
    expect(() => outbox.attach(next, 8)).toThrow(ProtocolError)
  })

  test('it may break again before anything is acknowledged', () => {
    const { outbox, next } = broken()
    outbox.attach(next, 10)
    outbox.detach()
    const third = new Wire()
    outbox.attach(third, 14)
    expect(creditsOf(third)).toEqual(range(15, 20))
  })

  test('counts stay right over hundreds of messages', async () => {
    const { outbox } = open()
    sendCredits(outbox, 1, 2_000)
    outbox.acknowledge(700)
    sendCredits(outbox, 2_001, 2_500)
    outbox.detach()
    const next = new Wire()
    outbox.attach(next, 1_500)
    while (next.messages.length < 1_000) await new Promise(setImmediate)
    expect(creditsOf(next)).toEqual(range(1_501, 2_500))
  })
})
