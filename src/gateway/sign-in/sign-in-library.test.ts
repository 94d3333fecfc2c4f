import { getMigrations } from 'better-auth/db/migration'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { Secret } from '../../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { DeviceCookies } from './device-cookies.ts'
import { SignInChanges } from './sign-in-changes.ts'
import { SignInHooks } from './sign-in-hooks.ts'
import { createLibrary } from './sign-in-library.ts'
import { CliTokens } from './sign-in-secret.ts'

function libraryOn(database: OpenDatabase) {
  const secret = new Secret('a secret of forty characters or a few more')
  const log = pino({ level: 'silent' })
  const changes = new SignInChanges({ database, store: { change: () => Promise.reject(new Error('none is made')) } })
  const hooks = new SignInHooks({
    issuers: [],
    admission: { isInvited: async () => false, welcome: async () => {} },
    changes,
    networks: { note: async () => {} },
    devices: new DeviceCookies(secret, 1),
    cliTokens: new CliTokens(secret),
    isFirst: async () => true,
    forgetPending: async () => {},
    clock: new ManualClock(),
    log,
  })
  const hasher = { hash: async () => '', verify: async () => false }
  const settings = { password: true, sessionLifeMs: 86_400_000, issuers: [] }
  const ofLibrary = { db: changes.db, dialect: database.dialect }
  return createLibrary(
    { database: ofLibrary, secret, settings, hooks, hasher, ownOrigins: [], log },
    'http://localhost',
  )
}

describeDatabases((open, isSqlite) => {
  test('the tables are what the library asks for: nothing to create, nothing to add', async () => {
    const { toBeCreated, toBeAdded, toBeAddedIndexes } = await getMigrations(libraryOn(await open()).options)
    expect({ toBeCreated, toBeAdded, toBeAddedIndexes }).toEqual({
      toBeCreated: [],
      toBeAdded: [],
      toBeAddedIndexes: [],
    })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('it asks for all of them', async () => {
    const { toBeCreated } = await getMigrations(libraryOn(await open({ isEmpty: true })).options)
    expect(toBeCreated.map(({ table }) => table).sort()).toEqual([
      'accounts',
      'login_codes',
      'passkeys',
      'people',
      'sessions',
      'sign_in_rates',
      'two_factors',
      'verifications',
    ])
  })
})
