import { expect, test } from 'vitest'
import { decodeResponseHead } from '../../src/protocol/head.ts'
import { openRequest, respond } from '../../src/tunnel/http/http-stream.ts'
import type { TunnelStream } from '../../src/tunnel/stream.ts'
import { seededRandom, VirtualClock } from '../support/virtual-clock.ts'
import { VirtualTunnel } from '../support/virtual-tunnel.ts'

const DURATION_MS = 4 * 3_600_000
const STREAMS = 50

/** One request and its response: how much each carries, and how fast its ends are. */
interface Plan {
  readonly target: string
  readonly startsAtMs: number
  readonly uploadBytes: number
  readonly downloadBytes: number
  readonly pieceBytes: number
  readonly everyMs: number
  /** How long a reader keeps what has come. */
  readonly lagMs: number
  /** The client leaves then. */
  readonly cancelsAtMs: number | undefined
}

/** Bytes that tell where they belong: each follows from its place. */
const PATTERN = Buffer.from(Array.from({ length: 251 + 65_536 }, (_, at) => at % 251))
const bytesAt = (position: number, length: number): Buffer =>
  PATTERN.subarray(position % 251, (position % 251) + length)

class Simulation {
  readonly clock: VirtualClock
  readonly tunnel: VirtualTunnel
  readonly plans = new Map<string, Plan>()
  /** How each stream ended, by target. */
  readonly outcomes = new Map<string, string>()

  constructor(seed: number) {
    this.clock = new VirtualClock(seed)
    const chance = seededRandom(seed + 1)
    const between = (least: number, most: number): number => Math.floor(least + chance() * (most - least))
    this.tunnel = new VirtualTunnel(this.clock, (stream, { target }) => this.#serve(stream, target))
    for (let at = 0; at < STREAMS; at++) {
      const isBulk = at % 10 === 0
      const startsAtMs = between(1_000, DURATION_MS - 1_200_000)
      const plan = {
        target: `/${at}`,
        startsAtMs,
        uploadBytes: between(1, isBulk ? 2_000_000 : 20_000),
        downloadBytes: between(1, isBulk ? 2_000_000 : 30_000),
        pieceBytes: isBulk ? 16_384 : between(40, 200),
        everyMs: isBulk ? 1 : between(100, 2_000),
        lagMs: between(0, 3) * 400,
        cancelsAtMs: at % 8 === 3 ? startsAtMs + between(0, 60_000) : undefined,
      }
      this.plans.set(plan.target, plan)
      this.clock.after(startsAtMs, () => this.#ask(plan))
    }
    for (let atMs = between(60_000, 300_000); atMs < DURATION_MS; atMs += between(60_000, 300_000)) {
      this.clock.after(atMs, () => this.#break(between(0, 3), between(5_000, 60_000)))
    }
  }

  async run(): Promise<readonly string[]> {
    await this.clock.run(DURATION_MS)
    const { liveStreams } = this.tunnel
    this.tunnel.close()
    await this.clock.run(10_000)
    return [...this.tunnel.trace, `${liveStreams} streams are left`, this.tunnel.digest()]
  }

  #break(how: number, awayMs: number): void {
    if (how === 0) {
      this.tunnel.silence()
      return
    }
    this.tunnel.cut()
    if (how === 1) return
    this.tunnel.isBlocked = true
    this.clock.after(awayMs, () => {
      this.tunnel.isBlocked = false
    })
  }

  /** The gateway's side. */
  #ask(plan: Plan): void {
    const { session } = this.tunnel
    if (session === undefined) {
      this.clock.after(5_000, () => this.#ask(plan))
      return
    }
    const reader = this.#reader(plan, plan.downloadBytes)
    const end = (outcome: string): void => {
      expect(this.outcomes.has(plan.target)).toBe(false)
      this.outcomes.set(plan.target, outcome)
      this.tunnel.note(`${plan.target} ${outcome} after ${reader.bytes}`)
    }
    let heads = 0
    const stream = openRequest(session, { method: 'POST', target: plan.target, fields: [] }, false, {
      onHead(head) {
        heads++
        expect(decodeResponseHead(head).status).toBe(200)
      },
      onData: (chunk) => reader.take(stream, chunk),
      onEnd() {
        expect([heads, reader.bytes]).toEqual([1, plan.downloadBytes])
        end('complete')
      },
      onReset: ({ code }) => end(code),
      onDrain: () => writer(),
    })
    const writer = this.#writer(stream, plan, plan.uploadBytes)
    writer()
    if (plan.cancelsAtMs === undefined) return
    this.clock.after(plan.cancelsAtMs - this.clock.elapsed(), () => {
      if (stream.isOver) return
      stream.reset('cancelled', 'client', '')
      end('cancelled')
    })
  }

  /** The agent's side: the answer begins when the request is whole. */
  #serve(stream: TunnelStream, target: string): void {
    const plan = this.plans.get(target) as Plan
    const reader = this.#reader(plan, plan.uploadBytes)
    const writer = this.#writer(stream, plan, plan.downloadBytes)
    stream.receiver = {
      onData: (chunk) => reader.take(stream, chunk),
      onEnd() {
        expect(reader.bytes).toBe(plan.uploadBytes)
        respond(stream, { status: 200, fields: [] }, false)
        writer()
      },
      onReset: ({ code }) => this.tunnel.note(`${target} at the agent: ${code}`),
      onDrain: () => writer(),
    }
  }

  #reader({ lagMs }: Plan, mostBytes: number) {
    const { clock } = this
    return {
      bytes: 0,
      take(stream: TunnelStream, chunk: Buffer): void {
        if (!chunk.equals(bytesAt(this.bytes, chunk.length))) throw new Error('bytes are lost, or have come twice')
        this.bytes += chunk.length
        if (this.bytes > mostBytes) throw new Error('more has come than was sent')
        clock.after(lagMs, () => stream.consumed(chunk.length))
      },
    }
  }

  /** Writes a piece each time it is called, and then at its pace until the stream asks it to stop. */
  #writer(stream: TunnelStream, { pieceBytes, everyMs }: Plan, bytes: number): () => void {
    let written = 0
    const next = (): void => {
      if (stream.isOver || written === bytes) return
      const piece = bytesAt(written, Math.min(pieceBytes, bytes - written))
      written += piece.length
      const hasRoom = stream.write(piece)
      if (written === bytes) stream.end()
      else if (hasRoom) this.clock.after(everyMs, next)
    }
    return next
  }
}

const count = (trace: readonly string[], pattern: RegExp): number => trace.filter((line) => pattern.test(line)).length

test('hours of cuts, silence and resumes over 50 streams: nothing is lost, nothing is left, and the same again', async () => {
  const simulation = new Simulation(7)
  const trace = await simulation.run()
  const { clock, outcomes } = simulation
  expect(clock.elapsed()).toBe(DURATION_MS + 10_000)
  expect(outcomes.size).toBe(STREAMS)
  expect(new Set(outcomes.values())).toEqual(new Set(['complete', 'cancelled', 'interrupted', 'unreachable']))
  expect(clock.pendingTimers).toBe(0)
  expect(trace).toContain('0 streams are left')
  for (const side of ['agent', 'gateway']) {
    expect(count(trace, new RegExp(`${side} heartbeat_missed`))).toBeGreaterThan(3)
    expect(count(trace, new RegExp(`${side} s\\d+ resumed`))).toBeGreaterThan(10)
    expect(count(trace, new RegExp(`${side} s\\d+ begun`))).toBeGreaterThan(3)
  }
  expect(await new Simulation(7).run()).toEqual(trace)
})

test.each([1, 2, 3])('in another order of things, %i, nothing is lost or left either', async (seed) => {
  const simulation = new Simulation(seed)
  const trace = await simulation.run()
  expect(simulation.outcomes.size).toBe(STREAMS)
  expect(simulation.clock.pendingTimers).toBe(0)
  expect(trace).toContain('0 streams are left')
})
