import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forgedHash, fullRequest, openTestChains, tampered } from '../../../test/support/chains.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import { RequestRepository } from '../store/request-repository.ts'
import type { NewRequestRow, RequestRow, RequestSealRow } from '../store/schema.ts'

const DAY_MS = 86_400_000

describeDatabases((open) => {
  /** Rows in batches of these sizes, each batch a day younger than the one before. */
  async function withBatches(...sizes: readonly number[]) {
    const ground = await openTestChains(await open())
    const { intruder, requests, clock } = ground
    let made = 0
    const write = async (size: number) => {
      const batch = Array.from({ length: size }, () => fullRequest({ id: `req_${++made}`, at: clock.now() + made }))
      await requests.insertMany(batch)
      clock.advance(DAY_MS)
    }
    for (const size of sizes) await write(size)
    return {
      ...ground,
      write,
      rows: () => intruder.selectFrom('requests').selectAll().orderBy('seq').execute(),
      seals: () => intruder.selectFrom('request_seals').selectAll().orderBy('seq').execute(),
      check: () => ground.verifyOne('requests'),
      /** PostgreSQL gives numbers itself, unless it is told not to. */
      async put(row: RequestRow | (NewRequestRow & { seq: number })) {
        const insert = intruder.insertInto('requests').values(row).compile()
        const text = insert.sql.replace(') values', ') overriding system value values')
        const isPostgres = insert.sql.includes('$1')
        await intruder.executeQuery({ ...insert, sql: isPostgres ? text : insert.sql })
      },
    }
  }

  describe('what is written', () => {
    test('is sealed batch by batch, and holds', async () => {
      const { seals, check } = await withBatches(1, 200, 3)
      expect(await seals()).toMatchObject([
        { seq: 1, first_seq: 1, last_seq: 1, rows: 1 },
        { seq: 2, first_seq: 2, last_seq: 201, rows: 200 },
        { seq: 3, first_seq: 202, last_seq: 204, rows: 3 },
      ])
      expect(await check()).toMatchObject({ checked: 204, uncovered: 0, fault: undefined, head: { seq: 3 } })
    })

    test('is hashed alike on both databases: the form is part of what is signed', async () => {
      const { requests, check, clock } = await withBatches()
      // As rows were before they could tell what was left out, or a translation: seals that are stored must hold.
      const plain = { left_out: null, translated: null, session_label: null, tool_calls: null }
      await requests.insertMany([1, 2].map((at) => fullRequest({ ...plain, id: `req_${at}`, at: clock.now() + at })))
      const blank = {
        ...plain,
        key_id: null,
        org_id: null,
        person_id: null,
        sent_ms: null,
        load_ms: null,
        ttfb_ms: null,
      }
      await requests.insertMany([
        fullRequest({ ...blank, session_id: null, client_name: 'a\0b', model_asked: '\ud800' }),
      ])
      const numbers = { duration_ms: 0.1 + 0.2, sent_ms: 1e-9, ttfb_ms: -0, load_ms: 1e21 }
      await requests.insertMany([fullRequest({ ...plain, ...numbers })])
      expect(await check()).toMatchObject({ fault: undefined, head: { seq: 3, hash: GOLDEN } })
    })

    test('a batch that fails leaves no seal, and the numbers that PostgreSQL spent on it are no fault', async () => {
      const { requests, write, seals, check } = await withBatches(2)
      const broken = { ...fullRequest(), route: null } as unknown as NewRequestRow
      await expect(requests.insertMany([fullRequest(), broken])).rejects.toThrow(/route/)
      await write(2)
      expect(await seals()).toMatchObject([{ rows: 2 }, { rows: 2 }])
      expect(await check()).toMatchObject({ checked: 4, fault: undefined })
    })

    test('rows of an older version stand before the seals: they are counted, and not vouched for', async () => {
      const database = await open()
      await new RequestRepository(database).insertMany([fullRequest(), fullRequest()])
      const { requests, verifyOne } = await openTestChains(database)
      expect(await verifyOne('requests')).toMatchObject({ checked: 0, uncovered: 2, fault: undefined })
      await requests.insertMany([fullRequest()])
      expect(await verifyOne('requests')).toMatchObject({ checked: 1, uncovered: 2, fault: undefined })
    })

    test('nothing at all is whole', async () => {
      const { check } = await withBatches()
      expect(await check()).toMatchObject({ checked: 0, uncovered: 0, fault: undefined, head: { seq: 0 } })
    })
  })

  describe('what somebody does who has the database and not the key', () => {
    test('a value changed in any column of any row is found, in its batch', async () => {
      const { intruder, rows, check } = await withBatches(3, 1, 4)
      const columns = Object.keys(fullRequest()) as (keyof NewRequestRow)[]
      const firstOf = [1, 1, 1, 4, 5, 5, 5, 5]
      const before = await rows()
      await fc.assert(
        fc.asyncProperty(fc.nat(7), fc.nat(1_000), async (shift, how) => {
          for (const [index, column] of columns.entries()) {
            const at = (index + shift) % before.length
            const row = before[at] as RequestRow
            await set(row.seq, column, tampered(row[column], how))
            expect((await check()).fault, column).toMatchObject({ kind: 'changed', seq: firstOf[at] })
            await set(row.seq, column, row[column])
          }
        }),
        { numRuns: 2 },
      )
      expect(await check()).toMatchObject({ checked: 8, fault: undefined })
      async function set(seq: number, column: keyof NewRequestRow, value: unknown) {
        await intruder
          .updateTable('requests')
          .set({ [column]: value })
          .where('seq', '=', seq)
          .execute()
      }
    })

    test.each([
      'org_id',
      'key_id',
      'error_code',
      'sent_ms',
      'session_id',
      'left_out',
      'translated',
      'session_label',
      'tool_calls',
    ] as const)('a %s that was taken away is found, and one that was put in', async (column) => {
      const { intruder, requests, check } = await withBatches(2)
      await requests.insertMany([fullRequest({ [column]: null })])
      const set = (seq: number, value: unknown) =>
        intruder
          .updateTable('requests')
          .set({ [column]: value })
          .where('seq', '=', seq)
          .execute()
      await set(2, null)
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 1 })
      await set(2, fullRequest()[column])
      await set(3, fullRequest()[column])
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 3 })
    })

    test.each([1, 2, 3, 4, 6, 8])('row %i of eight removed is missing', async (seq) => {
      const { intruder, check } = await withBatches(3, 1, 4)
      await intruder.deleteFrom('requests').where('seq', '=', seq).execute()
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq })
    })

    test.each([0, -7, 9])('a row put in at %i is found', async (seq) => {
      const { put, check } = await withBatches(3, 1, 4)
      await put({ ...fullRequest(), seq })
      expect((await check()).fault).toMatchObject({ kind: 'added', seq })
    })

    test('a row put into a gap between batches is found', async () => {
      const { intruder, requests, put, write, check } = await withBatches(2)
      // SQLite leaves numbers out behind the highest there ever was, PostgreSQL those of a batch that failed.
      await put({ ...fullRequest(), seq: 9 })
      await intruder.deleteFrom('requests').where('seq', '=', 9).execute()
      const broken = { ...fullRequest(), route: null } as unknown as NewRequestRow
      await expect(requests.insertMany([fullRequest(), broken])).rejects.toThrow(/route/)
      await write(1)
      expect(await check()).toMatchObject({ checked: 3, fault: undefined })
      await put({ ...fullRequest(), seq: 3 })
      expect((await check()).fault).toMatchObject({ kind: 'added', seq: 3 })
    })

    test('two rows that changed places are found', async () => {
      const { intruder, rows, put, check } = await withBatches(4)
      const [, second, third] = await rows()
      await intruder.deleteFrom('requests').where('seq', 'in', [2, 3]).execute()
      await put({ ...(second as RequestRow), seq: 3 })
      await put({ ...(third as RequestRow), seq: 2 })
      expect((await check()).fault).toMatchObject({ kind: 'changed', seq: 1 })
    })

    test.each([1, 2, 3])('seal %i of three removed is found', async (seq) => {
      const { intruder, check } = await withBatches(3, 1, 4)
      await intruder.deleteFrom('request_seals').where('seq', '=', seq).execute()
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq: [1, 4, 5][seq - 1] })
    })

    test('a batch removed with its seal is found', async () => {
      const { intruder, check } = await withBatches(3, 1, 4)
      await intruder.deleteFrom('request_seals').where('seq', '=', 2).execute()
      await intruder.deleteFrom('requests').where('seq', '=', 4).execute()
      expect((await check()).fault).toMatchObject({
        kind: 'missing',
        seq: 4,
        detail: expect.stringMatching(/seal 2 is gone/),
      })
    })

    test('any column of a seal changed is found', async () => {
      const { intruder, seals, check } = await withBatches(3, 2, 4)
      const columns = ['first_seq', 'last_seq', 'rows', 'newest_at', 'hash'] as const
      for (const seal of await seals()) {
        for (const column of columns) {
          const set = (value: unknown) =>
            intruder
              .updateTable('request_seals')
              .set({ [column]: value })
              .where('seq', '=', seal.seq)
              .execute()
          await set(tampered(seal[column], 1))
          expect((await check()).fault, `${column} of ${seal.seq}`).toBeDefined()
          if (column !== 'hash') {
            await set(0)
            expect((await check()).fault, `${column} of ${seal.seq} as 0`).toBeDefined()
          }
          await set(seal[column])
        }
      }
      expect((await check()).fault).toBeUndefined()
    })

    test('two seals that changed places are found', async () => {
      const { intruder, seals, check } = await withBatches(2, 2)
      const [one, two] = await seals()
      await intruder.deleteFrom('request_seals').execute()
      await intruder
        .insertInto('request_seals')
        .values([
          { ...(two as RequestSealRow), seq: 1 },
          { ...(one as RequestSealRow), seq: 2 },
        ])
        .execute()
      expect((await check()).fault).toBeDefined()
    })

    test('a seal made without the key is found', async () => {
      const { intruder, put, check } = await withBatches(2)
      await put({ ...fullRequest(), seq: 3 })
      const forged = { seq: 2, first_seq: 3, last_seq: 3, rows: 1, newest_at: 0, hash: forgedHash('mine') }
      await intruder.insertInto('request_seals').values(forged).execute()
      expect((await check()).fault).toMatchObject({ kind: 'added', seq: 3 })
    })

    test('the end cut off is found, and still when the gateway writes on', async () => {
      const { intruder, write, check } = await withBatches(3, 1, 4)
      await intruder.deleteFrom('request_seals').where('seq', '=', 3).execute()
      await intruder.deleteFrom('requests').where('seq', '>', 4).execute()
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq: 5 })
      await write(2)
      expect((await check()).fault).toMatchObject({ kind: 'missing', seq: 5 })
    })

    test('an anchor that was moved to hide that is found, and is not made whole by the next batch', async () => {
      const { intruder, seals, write, check } = await withBatches(3, 1, 4)
      const [, second] = await seals()
      await intruder.deleteFrom('request_seals').where('seq', '=', 3).execute()
      await intruder.deleteFrom('requests').where('seq', '>', 4).execute()
      await intruder
        .updateTable('chains')
        .set({ head_seq: 2, head_hash: second?.hash ?? '' })
        .where('name', '=', 'requests')
        .execute()
      expect((await check()).fault).toMatchObject({ kind: 'anchor' })
      await write(1)
      expect((await check()).fault).toMatchObject({ kind: 'anchor' })
    })

    test('a seal put in behind the end does not keep the gateway from writing', async () => {
      const { intruder, write, rows, check } = await withBatches(2)
      const forged = { seq: 2, first_seq: 3, last_seq: 3, rows: 1, newest_at: 0, hash: forgedHash('mine') }
      await intruder.insertInto('request_seals').values(forged).execute()
      await write(1)
      expect(await rows()).toHaveLength(3)
      expect((await check()).fault).toBeDefined()
    })
  })

  describe('retention', () => {
    test('removes whole batches of which every row is old enough, and the rest holds', async () => {
      const { requests, clock, rows, seals, check } = await withBatches(2, 3, 4)
      const second = clock.now() - 2 * DAY_MS
      // The batch's own first row is old enough, its last is not.
      expect(await requests.deleteBefore(second + 4)).toEqual({ rows: 2, faultAt: undefined })
      expect((await rows()).map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8, 9])
      expect((await seals()).map(({ seq }) => seq)).toEqual([2, 3])
      expect(await check()).toMatchObject({ checked: 7, fault: undefined })
      expect(await requests.deleteBefore(clock.now())).toEqual({ rows: 7, faultAt: undefined })
      expect(await check()).toMatchObject({ checked: 0, uncovered: 0, fault: undefined, head: { seq: 3 } })
    })

    test('goes on over many batches, and what is written later holds', async () => {
      const { requests, clock, write, rows, check } = await withBatches(4_000, 300, 1, 1)
      expect(await requests.deleteBefore(clock.now() - DAY_MS)).toEqual({ rows: 4_301, faultAt: undefined })
      await write(2)
      expect(await rows()).toHaveLength(3)
      expect(await check()).toMatchObject({ checked: 3, fault: undefined, head: { seq: 5 } })
    })

    test('a younger batch holds up the older ones behind it, since seals go from the end of the chain', async () => {
      const { requests, clock, rows } = await withBatches(1)
      await requests.insertMany([fullRequest({ at: clock.now() - 9 * DAY_MS })])
      expect(await requests.deleteBefore(clock.now() - 2 * DAY_MS)).toEqual({ rows: 0, faultAt: undefined })
      expect(await rows()).toHaveLength(2)
      expect(await requests.deleteBefore(clock.now())).toEqual({ rows: 2, faultAt: undefined })
    })

    test('removes rows from before the seals by their age, and no seal before them', async () => {
      const database = await open()
      const old = new RequestRepository(database)
      const at = Date.UTC(2020, 0, 1)
      await old.insertMany([fullRequest({ at }), fullRequest({ at: at + DAY_MS }), fullRequest({ at })])
      const { requests, verifyOne } = await openTestChains(database)
      await requests.insertMany([fullRequest({ at })])
      expect(await requests.deleteBefore(at + 1)).toEqual({ rows: 2, faultAt: undefined })
      expect(await verifyOne('requests')).toMatchObject({ checked: 1, uncovered: 1, fault: undefined })
      expect(await requests.deleteBefore(at + 2 * DAY_MS)).toEqual({ rows: 2, faultAt: undefined })
      expect(await verifyOne('requests')).toMatchObject({ checked: 0, uncovered: 0, fault: undefined })
    })

    test('once seals were removed nothing counts as older than the seals', async () => {
      const { requests, clock, put, check } = await withBatches(2, 2)
      await requests.deleteBefore(clock.now() - DAY_MS)
      await put({ ...fullRequest(), seq: 1 })
      expect((await check()).fault).toMatchObject({ kind: 'added', seq: 1 })
    })

    test.each([
      [
        'an age that was made up',
        async ({ intruder }) => intruder.updateTable('request_seals').set({ newest_at: 0 }).execute(),
      ],
      [
        'ages of rows that were made up',
        async ({ intruder }) => {
          await intruder.updateTable('requests').set({ at: 0 }).execute()
          await intruder.updateTable('request_seals').set({ newest_at: 0 }).execute()
        },
      ],
      [
        'a base that was moved',
        async ({ intruder, seals }) => {
          const [first] = await seals()
          const base = { base_seq: 1, base_hash: first?.hash ?? '' }
          await intruder.updateTable('chains').set(base).where('name', '=', 'requests').execute()
          await intruder.updateTable('requests').set({ at: 0 }).execute()
        },
      ],
      [
        'a row that is gone',
        async ({ intruder }) => {
          await intruder.deleteFrom('requests').where('seq', '=', 2).execute()
          await intruder.updateTable('request_seals').set({ newest_at: 0 }).execute()
        },
      ],
    ] satisfies [string, (ground: Awaited<ReturnType<typeof withBatches>>) => Promise<unknown>][])(
      'does not pass %s: what shows the tampering stays',
      async (_, tamper) => {
        const ground = await withBatches(3, 2)
        await tamper(ground)
        const before = await ground.rows()
        const done = await ground.requests.deleteBefore(ground.clock.now() - 30 * DAY_MS)
        expect(done).toMatchObject({ rows: 0, faultAt: expect.any(Number) })
        expect(await ground.rows()).toEqual(before)
        expect((await ground.check()).fault).toBeDefined()
      },
    )
  })

  test('a look at rows while others write and retention removes finds no fault', async () => {
    const { requests, clock, write, check } = await withBatches(5, 5, 5)
    let isOver = false
    const writing = (async () => {
      for (let index = 0; index < 24; index++) {
        await write(1 + (index % 5))
        if (index % 6 === 5) await requests.deleteBefore(clock.now() - 4 * DAY_MS)
      }
      isOver = true
    })()
    while (!isOver) expect((await check()).fault).toBeUndefined()
    await writing
    expect(await check()).toMatchObject({ fault: undefined, head: { seq: 27 } })
  })

  test('a head that was kept shows rows put back to an older state', async () => {
    const { intruder, requests, rows, seals, verifyOne, write } = await withBatches(2)
    const chains = await intruder.selectFrom('chains').selectAll().execute()
    const before = { rows: (await rows()).length, seals: (await seals()).length }
    await requests.insertMany([fullRequest({ error_code: 'the one to hide' })])
    const kept = [{ chain: 'requests', ...(await verifyOne('requests')).head }] as const
    await intruder.deleteFrom('requests').where('seq', '>', before.rows).execute()
    await intruder.deleteFrom('request_seals').where('seq', '>', before.seals).execute()
    await intruder.deleteFrom('chains').execute()
    await intruder.insertInto('chains').values(chains).execute()
    expect((await verifyOne('requests')).fault).toBeUndefined()
    expect((await verifyOne('requests', kept)).fault).toMatchObject({ kind: 'missing', seq: 3 })
    await write(1)
    expect((await verifyOne('requests')).fault).toBeUndefined()
    expect((await verifyOne('requests', kept)).fault).toMatchObject({ kind: 'changed' })
  })
})

describe('a SQLite file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'punku-chain-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function openFile() {
    const database = openDatabase({ url: pathToFileURL(join(folder, 'punku.db')).href })
    await migrate(database)
    return { database, ...(await openTestChains(database)) }
  }

  test('with one byte flipped is found', async () => {
    const before = await openFile()
    await before.requests.insertMany(['one', 'two', 'three'].map((id) => fullRequest({ id: `req_${id}` })))
    await before.database.close()
    const bytes = readFileSync(join(folder, 'punku.db'))
    const at = bytes.indexOf('req_two')
    bytes[at + 6] = (bytes[at + 6] ?? 0) ^ 1
    writeFileSync(join(folder, 'punku.db'), bytes)
    const after = await openFile()
    expect((await after.verifyOne('requests')).fault).toMatchObject({ kind: 'changed', seq: 1 })
    await after.database.close()
  })

  test('with numbers that nothing can read is found, in its row, its seal and its anchor', async () => {
    const { database, intruder, requests, verifyOne } = await openFile()
    for (const id of ['one', 'two']) await requests.insertMany([fullRequest({ id })])
    const huge = sql<number>`9223372036854775807`
    await intruder.updateTable('requests').set({ request_bytes: huge }).where('seq', '=', 2).execute()
    expect((await verifyOne('requests')).fault).toMatchObject({ kind: 'changed', seq: 2 })
    await intruder.updateTable('request_seals').set({ rows: huge }).execute()
    expect((await verifyOne('requests')).fault).toMatchObject({ kind: 'changed', seq: 1 })
    await intruder.updateTable('chains').set({ head_seq: huge }).execute()
    expect((await verifyOne('requests')).fault).toMatchObject({ kind: 'anchor' })
    await database.close()
  })
})

const GOLDEN = '28d2e9052e4062b121aa7d72f145c7a40197f1fb0e9858106c91725c59365400'
