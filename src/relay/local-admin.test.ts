import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { type AdminSession, LocalAdmin, type LocalAdminLimits } from './local-admin.ts'

const HOUR_MS = 3_600_000
const HERE = '192.0.2.1'

function openAdmin(limits: Partial<LocalAdminLimits> = {}) {
  const clock = new ManualClock()
  const admin = new LocalAdmin({ clock, limits })
  const newToken = () => new URL(admin.createSetupLink('http://127.0.0.1:11435')).searchParams.get('setup') ?? ''
  const newSession = () => admin.enter(newToken(), HERE) as AdminSession
  return { clock, admin, newToken, newSession }
}

describe('setup links', () => {
  test('open the page of the gateway they are made for', () => {
    const { admin } = openAdmin()
    expect(admin.createSetupLink('https://models.example/')).toMatch(
      /^https:\/\/models\.example\/connect\?setup=[0-9a-z]{52}$/,
    )
  })

  test('work once', () => {
    const { admin, newToken } = openAdmin()
    const token = newToken()
    expect(admin.enter(token, HERE)).toBeDefined()
    expect(admin.enter(token, HERE)).toBeUndefined()
  })

  test('work for 24 hours', () => {
    const { admin, clock, newToken } = openAdmin()
    const [first, second] = [newToken(), newToken()]
    clock.advance(24 * HOUR_MS - 1)
    expect(admin.enter(first, HERE)).toBeDefined()
    clock.advance(1)
    expect(admin.enter(second, HERE)).toBeUndefined()
  })

  test('do not end each other, up to a number', () => {
    const { admin, newToken } = openAdmin({ setupLinks: 2 })
    const [first, second, third] = [newToken(), newToken(), newToken()]
    expect(admin.enter(first, HERE)).toBeUndefined()
    expect(admin.enter(second, HERE)).toBeDefined()
    expect(admin.enter(third, HERE)).toBeDefined()
  })

  test('can be guessed at a few times from one address, and then not even be used', () => {
    const { admin, clock, newToken } = openAdmin({ failures: 3 })
    const token = newToken()
    for (let i = 0; i < 3; i++) expect(admin.enter(`${token}x`, HERE)).toBeUndefined()
    const limited = expect.objectContaining({ code: 'pairing_limited', retryAfterMs: 600_000 })
    expect(() => admin.enter(token, HERE)).toThrow(limited)
    expect(admin.enter(newToken(), '192.0.2.2')).toBeDefined()
    clock.advance(600_000)
    expect(admin.enter(token, HERE)).toBeDefined()
  })

  test('that were right count for nothing', () => {
    const { admin, newToken } = openAdmin({ failures: 1 })
    for (let i = 0; i < 3; i++) expect(admin.enter(newToken(), HERE)).toBeDefined()
  })
})

describe('sessions', () => {
  test('are known by their id, for 12 hours', () => {
    const { admin, clock, newSession } = openAdmin()
    const session = newSession()
    expect(session.expiresInMs).toBe(12 * HOUR_MS)
    clock.advance(12 * HOUR_MS - 1)
    expect(admin.session(session.id.reveal())?.formToken.reveal()).toBe(session.formToken.reveal())
    clock.advance(1)
    expect(admin.session(session.id.reveal())).toBeUndefined()
  })

  test.each([undefined, '', 'x'])('are not known by %j', (id) => {
    const { admin, newSession } = openAdmin()
    newSession()
    expect(admin.session(id)).toBeUndefined()
  })

  test('are a few at a time: a new one ends the oldest', () => {
    const { admin, newSession } = openAdmin({ sessions: 2 })
    const [first, second, third] = [newSession(), newSession(), newSession()]
    expect(admin.session(first.id.reveal())).toBeUndefined()
    expect(admin.session(second.id.reveal())).toBeDefined()
    expect(admin.session(third.id.reveal())).toBeDefined()
  })

  test('are not opened by a setup token, nor by a form token', () => {
    const { admin, newToken, newSession } = openAdmin()
    expect(admin.session(newToken())).toBeUndefined()
    expect(admin.session(newSession().formToken.reveal())).toBeUndefined()
  })

  test('have form tokens of their own', () => {
    const { admin, newSession } = openAdmin()
    const [one, other] = [newSession(), newSession()]
    expect(admin.isFormToken(one, one.formToken.reveal())).toBe(true)
    for (const wrong of [undefined, '', other.formToken.reveal(), one.id.reveal()]) {
      expect(admin.isFormToken(one, wrong)).toBe(false)
    }
  })
})
