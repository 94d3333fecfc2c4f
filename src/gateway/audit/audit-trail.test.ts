import { execFile } from 'node:child_process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forgedHash, openTestChains, tampered, testNote } from '../../../test/support/chains.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { Secret } from '../../core/secret.ts'
import type { AuditRow } from '../store/schema.ts'
import { openChains } from './chains.ts'

const DAY_MS = 86_400_000

describeDatabases((open) => {
  async function withEntries(count: number) {
    const ground = await openTestChains(await open())
    for (let index = 1; index <= count; index++) await ground.audit.record(testNote({ target: { id: `k${index}` } }))
    const rows = () => ground.intruder.selectFrom('audit').selectAll().orderBy('seq').execute()
    const check = () => ground.verifyOne('audit')
    return { ...ground, rows, check }
  }

  describe('what is recorded', () => {
    test('comes back as it was noted, numbered from 1', async () => {
      const { audit, trail, clock } = await openTestChains(await open())
      await audit.record(testNote())
      clock.advance(5)
      const actor = { kind: 'system', personId: undefined, name: 'the gateway', address: 'local' } as const
      await audit.record({ actor, orgId: undefined, action: 'settings.change' })
      const [second, first] = await trail.list({}, { limit: 10 })
      expect(first).toEqual({
        seq: 1,
        at: clock.now() - 5,
        org_id: 'default',
        actor_kind: 'person',
        actor_id: 'per_1',
        actor_name: 'Ada',
        address: '192.0.2.7',
        action: 'key.create',
        target_id: 'k1',
        target_name: 'ci',
        before: '{"models":["*"]}',
        after: '{"models":["llama3"]}',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      expect(second).toMatchObject({ seq: 2, org_id: null, actor_id: null, target_id: null, before: null, after: null })
    })

    test('is hashed alike on both databases: the form is part of what is signed', async () => {
      const { audit, verifyOne } = await openTestChains(await open())
      await audit.record(testNote())
      await audit.record(testNote({ orgId: undefined, before: undefined, after: { note: 'ünï "quoted" \u2028' } }))
      expect((await verifyOne('audit')).head).toEqual({ seq: 2, hash: GOLDEN })
    })

    test('shows no secret that was put among the facts, and tells listeners', async () => {
      const { audit, store, trail } = await openTestChains(await open())
      const told: number[] = []
      store.onRecorded(({ seq }) => told.push(seq))
      await audit.record(testNote({ after: { key: new Secret('pk_shown_once') } }))
      expect((await trail.list({}, { limit: 1 }))[0]?.after).toBe('{"key":"[redacted]"}')
      expect(told).toEqual([1])
    })

    test('keeps texts that a database refuses or changes, and holds', async () => {
      const { audit, trail, verifyOne } = await openTestChains(await open())
      await audit.record(testNote({ action: 'a\0b', target: { name: 'half \ud800' }, after: { note: 'a\0 \ud800' } }))
      expect((await trail.list({}, { limit: 1 }))[0]).toMatchObject({ action: 'a\ufffdb', target_name: 'half \ufffd' })
      expect(await verifyOne('audit')).toMatchObject({ checked: 1, fault: undefined })
    })

    test('has its numbers without a gap when two processes write at once', async () => {
      const database = await open()
      const one = await openTestChains(database)
      const script = fileURLToPath(new URL('../../../test/support/audit-writer.ts', import.meta.url))
      const other = promisify(execFile)(process.execPath, [script, database.url, '20'])
      let isOver = false
      const ended = other.finally(() => {
        isOver = true
      })
      let written = 0
      while (!isOver || written < 20) {
        await one.audit.record(testNote())
        written++
        await nextTurn()
      }
      await ended
      const rows = await one.trail.list({}, { limit: 1_000 })
      const count = written + 20
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: rows.length }, (_, index) => count - index))
      expect(await one.verifyOne('audit')).toMatchObject({ checked: count, fault: undefined })
    })
  })

  test('entries are found by org, action or its noun, actor, target and time', async () => {
    const { audit, trail, clock } = await openTestChains(await open())
    const start = clock.now()
    const person = (personId: string) => ({ kind: 'person', personId, name: personId, address: '::1' }) as const
    await audit.record(testNote({ action: 'key.create', actor: person('ada'), target: { id: 'k1', name: 'ci' } }))
    clock.advance(10)
    await audit.record(testNote({ action: 'keyring.open', actor: person('bob'), target: { name: 'k1' } }))
    await audit.record(testNote({ action: 'key.revoke', orgId: 'org_2', target: { id: 'k2' } }))
    await audit.record(testNote({ action: 'session.start', orgId: undefined, target: {} }))
    const found = async (query: Parameters<typeof trail.list>[0]) =>
      (await trail.list(query, { limit: 10 })).map(({ seq }) => seq)
    expect(await found({})).toEqual([4, 3, 2, 1])
    expect(await found({ orgId: 'default' })).toEqual([2, 1])
    expect(await found({ action: 'key' })).toEqual([3, 1])
    expect(await found({ action: 'key.create' })).toEqual([1])
    expect(await found({ action: 'k%' })).toEqual([])
    expect(await found({ actorId: 'bob' })).toEqual([2])
    expect(await found({ target: 'k1' })).toEqual([2, 1])
    expect(await found({ since: start + 1 })).toEqual([4, 3, 2])
    expect(await found({ until: start + 10 })).toEqual([1])
    expect((await trail.list({}, { limit: 2, beforeSeq: 4 })).map(({ seq }) => seq)).toEqual([3, 2])
    const all: number[] = []
    for await (const page of trail.pages({ orgId: 'default' })) all.push(...page.map(({ seq }) => seq))
    expect(all).toEqual([1, 2])
  })

  test('all entries come over page after page, each once and in order', async () => {
    const { trail } = await withEntries(203)
    const seqs: number[] = []
    for await (const page of trail.pages({})) seqs.push(...page.map(({ seq }) => seq))
    expect(seqs).toEqual(Array.from({ length: 203 }, (_, index) => index + 1))
  })

  describe('what somebody does who has the database and not the key', () => {
    test('a value changed in any column of any entry is found, in that entry', async () => {
      const { intruder, rows, check } = await withEntries(6)
      const columns = Object.keys((await rows())[0] ?? {}).filter((column) => column !== 'seq') as (keyof AuditRow)[]
      const before = await rows()
      await fc.assert(
        fc.asyncProperty(fc.nat(5), fc.nat(1_000), async (shift, how) => {
          for (const [index, column] of columns.entries()) {
            const row = before[(index + shift) % before.length] as AuditRow
            await set(row.seq, column, tampered(row[column], how) ?? 'put in')
            const fault = { kind: 'changed', seq: row.seq }
            expect(await check(), column).toMatchObject({ checked: row.seq - 1, fault })
            await set(row.seq, column, row[column])
          }
        }),
        { numRuns: 4 },
      )
      expect(await check()).toMatchObject({ checked: 6, fault: undefined })
      async function set(seq: number, column: keyof AuditRow, value: unknown) {
        await intruder
          .updateTable('audit')
          .set({ [column]: value })
          .where('seq', '=', seq)
          .execute()
      }
    })

    test.each([1, 3, 6])('entry %i of six removed is missing', async (seq) => {
      const { intruder, check } = await withEntries(6)
      await intruder.deleteFrom('audit').where('seq', '=', seq).execute()
      expect(await check()).toMatchObject({ fault: { kind: 'missing', seq } })
    })

    test('a hole that is closed by renumbering is found', async () => {
      const { intruder, check } = await withEntries(4)
      await intruder.deleteFrom('audit').where('seq', '=', 2).execute()
      for (const seq of [3, 4])
        await intruder
          .updateTable('audit')
          .set({ seq: seq - 1 })
          .where('seq', '=', seq)
          .execute()
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 2 })
    })

    test('two entries that changed places are found', async () => {
      const { intruder, rows, check } = await withEntries(4)
      const [, second, third] = await rows()
      await intruder.deleteFrom('audit').where('seq', 'in', [2, 3]).execute()
      await intruder
        .insertInto('audit')
        .values([
          { ...(second as AuditRow), seq: 3 },
          { ...(third as AuditRow), seq: 2 },
        ])
        .execute()
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 2 })
    })

    test.each([0, -5, 5, 9])('an entry put in at %i is found', async (seq) => {
      const { intruder, rows, check } = await withEntries(4)
      const [, , , last] = await rows()
      await intruder
        .insertInto('audit')
        .values({ ...(last as AuditRow), seq, hash: forgedHash('mine') })
        .execute()
      expect((await check()).fault).toMatchObject({ kind: 'added', seq })
    })

    test('the end cut off is found, by the anchor, and still when the gateway writes on', async () => {
      const { audit, intruder, check } = await withEntries(4)
      await intruder.deleteFrom('audit').where('seq', '>', 2).execute()
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq: 3, detail: expect.stringMatching(/3 to 4/) })
      await audit.record(testNote())
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq: 3 })
    })

    test('an anchor that was moved to hide that is found, and is not made whole by the next entry', async () => {
      const { audit, intruder, rows, check } = await withEntries(4)
      const [, second] = await rows()
      await intruder.deleteFrom('audit').where('seq', '>', 2).execute()
      await intruder
        .updateTable('chains')
        .set({ head_seq: 2, head_hash: second?.hash ?? '' })
        .where('name', '=', 'audit')
        .execute()
      expect((await check()).fault).toMatchObject({ kind: 'anchor' })
      await audit.record(testNote())
      expect((await check()).fault).toMatchObject({ kind: 'anchor' })
      expect((await rows()).map(({ seq }) => seq)).toEqual([1, 2, 3])
    })

    test.each(['base_seq', 'base_hash', 'head_seq', 'head_hash', 'mac'] as const)(
      'a changed %s of the anchor is found',
      async (column) => {
        const { intruder, check } = await withEntries(3)
        const anchor = await intruder
          .selectFrom('chains')
          .selectAll()
          .where('name', '=', 'audit')
          .executeTakeFirstOrThrow()
        await intruder
          .updateTable('chains')
          .set({ [column]: tampered(anchor[column], 1) })
          .where('name', '=', 'audit')
          .execute()
        expect((await check()).fault).toMatchObject({ kind: 'anchor' })
      },
    )

    test('an anchor that is gone is found, and neither the next start nor the next entry makes a new one that holds', async () => {
      const database = await open()
      const { audit, intruder, verifyOne } = await openTestChains(database)
      await audit.record(testNote())
      await intruder.deleteFrom('chains').where('name', '=', 'audit').execute()
      await openTestChains(database)
      expect((await verifyOne('audit')).fault).toMatchObject({ kind: 'anchor' })
      await audit.record(testNote())
      expect((await verifyOne('audit')).fault).toMatchObject({ kind: 'anchor' })
    })

    test('with every anchor gone, what was recorded before counts as put in by somebody', async () => {
      const database = await open()
      const { audit, intruder } = await openTestChains(database)
      await audit.record(testNote())
      await intruder.deleteFrom('chains').execute()
      const anew = await openTestChains(database)
      expect((await anew.verifyOne('audit')).fault).toMatchObject({ kind: 'added', seq: 1 })
    })

    test('a whole chain made anew with another key is found', async () => {
      const database = await open()
      const { audit, intruder, verifyOne } = await openTestChains(database)
      await audit.record(testNote())
      await intruder.deleteFrom('audit').execute()
      await intruder.deleteFrom('chains').execute()
      await openChains(database, new Secret('not the pepper'))
      expect((await verifyOne('audit')).fault).toMatchObject({ kind: 'anchor' })
    })

    test('entries put in behind the end do not keep the gateway from writing', async () => {
      const { audit, intruder, rows, check } = await withEntries(2)
      const [, last] = await rows()
      await intruder
        .insertInto('audit')
        .values({ ...(last as AuditRow), seq: 3 })
        .execute()
      await audit.record(testNote())
      expect((await rows()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 3 })
    })
  })

  describe('a head that was kept elsewhere', () => {
    test('holds as long as it is in the chain, and retention may pass it', async () => {
      const { audit, clock, verifyOne } = await withEntries(3)
      const { head } = await verifyOne('audit')
      const kept = [{ chain: 'audit', ...head }] as const
      clock.advance(DAY_MS)
      await audit.record(testNote())
      await audit.record(testNote())
      expect((await verifyOne('audit', kept)).fault).toBeUndefined()
      await audit.deleteBefore(clock.now())
      expect((await verifyOne('audit', kept)).fault).toBeUndefined()
      clock.advance(1)
      await audit.deleteBefore(clock.now())
      expect(await verifyOne('audit', kept)).toMatchObject({ checked: 0, fault: undefined })
    })

    test('shows that the database was put back to an older state, which nothing in it can', async () => {
      const { audit, intruder, rows, verifyOne } = await withEntries(2)
      const before = { audit: await rows(), chains: await intruder.selectFrom('chains').selectAll().execute() }
      await audit.record(testNote({ action: 'member.remove' }))
      const kept = [{ chain: 'audit', ...(await verifyOne('audit')).head }] as const
      await intruder.deleteFrom('audit').execute()
      await intruder.deleteFrom('chains').execute()
      await intruder.insertInto('audit').values(before.audit).execute()
      await intruder.insertInto('chains').values(before.chains).execute()
      expect((await verifyOne('audit')).fault).toBeUndefined()
      expect((await verifyOne('audit', kept)).fault).toMatchObject({ kind: 'missing', seq: 3 })
      await audit.record(testNote({ action: 'something.else' }))
      expect((await verifyOne('audit')).fault).toBeUndefined()
      expect((await verifyOne('audit', kept)).fault).toMatchObject({ kind: 'changed', seq: 3 })
    })
  })

  describe('retention', () => {
    test('removes what is old and nothing else, and the rest holds', async () => {
      const { audit, clock, rows, check } = await withEntries(2)
      clock.advance(DAY_MS)
      await audit.record(testNote())
      expect(await audit.deleteBefore(clock.now() - DAY_MS)).toEqual({ rows: 0, faultAt: undefined })
      expect(await audit.deleteBefore(clock.now())).toEqual({ rows: 2, faultAt: undefined })
      expect((await rows()).map(({ seq }) => seq)).toEqual([3])
      expect(await check()).toMatchObject({ checked: 1, fault: undefined })
      await audit.record(testNote())
      expect(await check()).toMatchObject({ checked: 2, fault: undefined, head: { seq: 4 } })
    })

    test('removes more than one step takes', async () => {
      const { audit, clock, check } = await withEntries(503)
      expect(await audit.deleteBefore(clock.now() + 1)).toEqual({ rows: 503, faultAt: undefined })
      expect(await check()).toMatchObject({ checked: 0, fault: undefined, head: { seq: 503 } })
    })

    test('does not pass what was tampered with: a false age is no way to be forgotten', async () => {
      const { audit, intruder, clock, rows, check } = await withEntries(3)
      await intruder.updateTable('audit').set({ at: 0 }).where('seq', '<=', 2).execute()
      expect(await audit.deleteBefore(clock.now() - DAY_MS)).toEqual({ rows: 0, faultAt: 1 })
      expect(await rows()).toHaveLength(3)
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 1 })
    })

    test('does not go by a base that was moved', async () => {
      const { audit, intruder, clock, rows } = await withEntries(3)
      const [, second] = await rows()
      const base = { base_seq: 2, base_hash: second?.hash ?? '' }
      await intruder.updateTable('chains').set(base).where('name', '=', 'audit').execute()
      expect(await audit.deleteBefore(clock.now() + DAY_MS)).toMatchObject({ rows: 0, faultAt: 3 })
      expect(await rows()).toHaveLength(3)
    })
  })

  test('a look at entries while others write and retention removes finds no fault', async () => {
    const { audit, clock, check } = await withEntries(30)
    let isOver = false
    const writing = (async () => {
      for (let index = 0; index < 40; index++) {
        clock.advance(1)
        await audit.record(testNote())
        if (index % 8 === 7) await audit.deleteBefore(clock.now() - 20)
      }
      isOver = true
    })()
    while (!isOver) expect((await check()).fault).toBeUndefined()
    await writing
    expect(await check()).toMatchObject({ fault: undefined, head: { seq: 70 } })
  })
})

const GOLDEN = '6c053232a1fc447f8ea285c1896b34cbc04976f54077792152c6ad8aed08fdb8'
