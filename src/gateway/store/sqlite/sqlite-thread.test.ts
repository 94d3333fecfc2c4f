import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { holdDatabaseLock } from '../../../../test/support/database-lock.ts'
import { identityOf } from './database-file.ts'
import { SqliteThread, startSqliteWorker } from './sqlite-thread.ts'
import { ThreadConnection } from './thread-connection.ts'

const folder = mkdtempSync(join(tmpdir(), 'punku-thread-'))
afterAll(() => rmSync(folder, { recursive: true }))

let worker: Worker | undefined
let thread: SqliteThread
let lost: Error[]
beforeEach(() => {
  lost = []
  thread = new SqliteThread(() => {
    worker = startSqliteWorker()
    return worker
  })
  thread.onLost((error) => lost.push(error))
})
afterEach(() => worker?.terminate())

let files = 0
const newPath = () => join(folder, `${++files}.db`)
const connect = (path = newPath(), isReadOnly = false) => new ThreadConnection(thread, { path, isReadOnly })
const ask = (connection: ThreadConnection, sql: string, ...parameters: unknown[]) =>
  connection.query({ sql, parameters })

test('it starts with the first job, and closing what was never used starts none', async () => {
  await connect().close()
  expect(thread.life).toBe(0)
  await ask(connect(), 'select 1')
  expect(thread.life).toBe(1)
})

test('a thread that starts anew opens no other file than the one there was, and makes none', async () => {
  const path = newPath()
  await ask(connect(path), 'create table t (a)')
  const file = identityOf(path)
  await worker?.terminate()
  renameSync(path, `${path}.aside`)
  for (const isReadOnly of [false, true]) {
    const again = new ThreadConnection(thread, { path, isReadOnly, file })
    await expect(ask(again, 'select 1')).rejects.toMatchObject({ code: 'DATABASE_FILE_GONE' })
  }
  expect(existsSync(path)).toBe(false)
})

test('errors are those of SQLite, with their numbers', async () => {
  const connection = connect()
  await ask(connection, 'create table t (a unique)')
  await ask(connection, 'insert into t values (1)')
  await expect(ask(connection, 'insert into t values (1)')).rejects.toMatchObject({
    message: 'UNIQUE constraint failed: t.a',
    code: 'ERR_SQLITE_ERROR',
    errcode: 2067,
  })
  await expect(ask(connection, 'select ?, ?', 1, [])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  await expect(ask(connection, 'select ? as a', () => {})).rejects.toThrow(/could not be cloned/)
  await expect(ask(connection, 'select 9007199254740993')).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  await expect(ask(connect(folder), 'select 1')).rejects.toThrow('unable to open database file')
})

test('bytes and numbers of all kinds come back as they are', async () => {
  const values = [new Uint8Array([0, 255]), 0.1 + 0.2, Number.POSITIVE_INFINITY, null, 'ünï', 2 ** 53 - 1]
  const { rows } = await ask(connect(), 'select ? as a, ? as b, ? as c, ? as d, ? as e, ? as f', ...values)
  expect(Object.values(rows[0] ?? {})).toEqual(values)
})

test('a connection for reading changes nothing', async () => {
  const path = newPath()
  await ask(connect(path), 'create table t (a)')
  await expect(ask(connect(path, true), 'insert into t values (1)')).rejects.toThrow(/readonly/)
})

test('when it dies, what waits is told, and the next job starts it anew', async () => {
  const path = newPath()
  const connection = connect(path)
  await ask(connection, 'create table t (a)')
  await using _lock = await holdDatabaseLock(path)
  const waits = ask(connection, 'insert into t values (1)')
  void worker?.terminate()
  await expect(waits).rejects.toThrow(/thread that works on the database ended/)
  expect(lost).toHaveLength(1)
  await _lock[Symbol.asyncDispose]()
  await ask(connection, 'insert into t values (2)')
  expect((await ask(connection, 'select a from t')).rows).toEqual([{ a: 2 }])
  expect(thread.life).toBe(2)
})
