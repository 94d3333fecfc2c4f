import { beforeEach, expect, test } from 'vitest'
import { JumpingClock } from '../../test/support/jumping-clock.ts'
import { Secret } from '../core/secret.ts'
import { AccessTokenKeeper } from './access-token-keeper.ts'

let clock: JumpingClock
let issued: number
let failure: Error | undefined
let tokens: AccessTokenKeeper

beforeEach(() => {
  clock = new JumpingClock()
  issued = 0
  failure = undefined
  const accessToken = async () => {
    if (failure !== undefined) throw failure
    return { token: new Secret(`token ${++issued}`), expiresInMs: 900_000 }
  }
  tokens = new AccessTokenKeeper({ accessToken }, clock)
})

const current = async () => (await tokens.get()).reveal()

test('one token serves until two thirds of its life have passed', async () => {
  expect(await current()).toBe('token 1')
  clock.advance(599_999)
  expect(tokens.isDue).toBe(false)
  expect(await current()).toBe('token 1')
  clock.advance(1)
  expect(tokens.isDue).toBe(true)
  expect(await current()).toBe('token 2')
  expect(tokens.isDue).toBe(false)
})

test('wall time counts too: monotonic time stands still in a suspension', async () => {
  await current()
  clock.advance(10_000)
  clock.jumpedMs = 590_000
  expect(tokens.isDue).toBe(true)
  expect(await current()).toBe('token 2')
})

test('what the gateway says of its life counts more than what was said when it was issued', async () => {
  await current()
  tokens.expiresIn(90_000)
  clock.advance(60_000)
  expect(tokens.isDue).toBe(true)
})

test('a token that was not taken is not used again', async () => {
  await current()
  tokens.drop()
  expect(await current()).toBe('token 2')
})

test('a renewal that fails keeps the old token, and is not tried again at once', async () => {
  await current()
  clock.advance(700_000)
  failure = new Error('away')
  await expect(tokens.renew()).rejects.toBe(failure)
  expect(tokens.isDue).toBe(false)
  clock.advance(10_000)
  expect(tokens.isDue).toBe(true)
})

test('a gateway that gives its tokens no life is asked every ten seconds at most', async () => {
  await current()
  tokens.expiresIn(0)
  clock.advance(9_999)
  expect(tokens.isDue).toBe(false)
  clock.advance(1)
  expect(tokens.isDue).toBe(true)
})
