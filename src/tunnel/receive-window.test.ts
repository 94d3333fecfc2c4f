import { expect, test } from 'vitest'
import { ReceiveWindow, type WindowSurroundings } from './receive-window.ts'

const FIRST = 65_536
const MAX = 16_777_216

/** A window with a clock and a share of its own. */
function open({ share = Number.POSITIVE_INFINITY, max = MAX, roundTripMs = 100 } = {}) {
  let now = 0
  let left = share
  const surroundings: WindowSurroundings = {
    elapsed: () => now,
    roundTripMs,
    takeWindow(bytes, part) {
      const taken = Math.min(bytes, Math.floor(left * part))
      left -= taken
      return taken
    },
  }
  const window = new ReceiveWindow(surroundings, FIRST, max)
  /** The sender uses all its credit and the reader takes it; one round trip passes. */
  const turn = (tookMs: number): number => {
    now += tookMs
    const half = Math.ceil(window.size / 2)
    expect(window.receive(half)).toBe(true)
    return window.consume(half)
  }
  return { window, turn, left: () => left }
}

test('credit comes back in eighths, and only for what has left memory', () => {
  const { window } = open({ roundTripMs: 0 })
  expect(window.receive(FIRST)).toBe(true)
  expect(window.consume(FIRST / 8 - 1)).toBe(0)
  expect(window.consume(1)).toBe(FIRST / 8)
})

test('what comes in pieces that fit no part leaves an eighth of it without credit, and no more', () => {
  const { window } = open({ roundTripMs: 0, max: FIRST })
  const piece = 1_001
  let unread = 0
  while (unread + piece <= FIRST) unread += piece
  expect(window.receive(unread)).toBe(true)
  let granted = 0
  for (let at = 0; at < unread; at += piece) granted += window.consume(piece)
  expect(granted).toBeGreaterThan((FIRST * 7) / 8 - piece)
})

test('a byte beyond the credit is too much', () => {
  const { window } = open()
  expect(window.receive(FIRST)).toBe(true)
  expect(window.receive(1)).toBe(false)
})

test('grows while it is what holds the stream back, to its bound and no further', () => {
  const { window, turn } = open()
  const sizes = [window.size]
  for (let at = 0; at < 8; at++) {
    turn(100)
    sizes.push(window.size)
  }
  expect(sizes).toEqual([65_536, 262_144, 1_048_576, 4_194_304, MAX, MAX, MAX, MAX, MAX])
})

test('what it grows by is granted at once, so that the sender can use it', () => {
  const { window, turn } = open()
  expect(turn(100)).toBe(FIRST / 2 + FIRST * 3)
  // All of the new window is open now.
  expect(window.receive(window.size)).toBe(true)
  expect(window.receive(1)).toBe(false)
})

test('stays as it is while its reader is slower than two round trips', () => {
  const { window, turn } = open()
  for (let at = 0; at < 5; at++) expect(turn(200)).toBe(FIRST / 2)
  expect(window.size).toBe(FIRST)
})

test('on a link without delay a few milliseconds count as a round trip', () => {
  const { window, turn } = open({ roundTripMs: 0 })
  turn(9)
  expect(window.size).toBe(FIRST * 4)
  turn(11)
  expect(window.size).toBe(FIRST * 4)
})

test('takes no more than its session has to give', () => {
  const { window, turn, left } = open({ share: 100_000 })
  turn(1)
  expect(window.size).toBe(FIRST + 100_000)
  turn(1)
  expect(window.size).toBe(FIRST + 100_000)
  expect(left()).toBe(0)
})

test('what is said to come is granted at once, up to the bound and a quarter of what is left', () => {
  const { window, left } = open({ share: 40_000_000 })
  expect(window.expect(FIRST)).toBe(0)
  expect(window.expect(1_000_000)).toBe(1_000_000 - FIRST)
  expect(window.size).toBe(1_000_000)
  expect(window.receive(1_000_000)).toBe(true)
  expect(window.receive(1)).toBe(false)
  const other = open({ share: 40_000_000 })
  expect(other.window.expect(Number.MAX_SAFE_INTEGER)).toBe(10_000_000)
  expect(other.left()).toBe(30_000_000)
  expect(left()).toBe(40_000_000 - 1_000_000 + FIRST)
})
