import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { databaseUrls } from '../../../test/support/databases.ts'
import { ConfigError } from '../../config/config-error.ts'
import type { ConfigLayer } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { loadConfig } from '../../config/load.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { explainDatabase } from './database-trouble.ts'
import { openCheckedDatabase } from './open-database.ts'

const log = pino({ level: 'silent' })

let home: string
let file: string
let pepper: string
beforeEach(() => {
  home = newHome()
  file = join(home, 'punku.db')
  pepper = join(home, 'secrets', 'pepper')
})

function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-open-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  ensureHome(folder)
  return folder
}

/** Opens the database of a state folder as the gateway does, and closes it again. @returns the pepper's text */
async function openAndClose(flags: ConfigLayer = {}, folder = home): Promise<string> {
  const config = loadConfig({ home: folder, env: {}, flags })
  const opened = await openCheckedDatabase({ home: folder, config, log })
  await opened.database.close()
  return opened.pepper.reveal()
}

/** What is told to whoever starts the program: one line that names the file and says what to do. */
async function refusal(flags: ConfigLayer = {}, folder = home): Promise<string> {
  const error = await openAndClose(flags, folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  const { message } = error as ConfigError
  expect(message).not.toContain('\n')
  return message
}

describe('a database and its pepper', () => {
  test('are made together, and open together ever after', async () => {
    const made = await openAndClose()
    expect(await openAndClose()).toBe(made)
  })

  test('a database without its pepper is not given a new one', async () => {
    await openAndClose()
    rmSync(pepper)
    expect(await refusal()).toMatch(/made with a pepper that is not here.*Put it back as .*secrets\/pepper/)
    expect(existsSync(pepper)).toBe(false)
  })

  test('one from before there were fingerprints neither', async () => {
    await openAndClose()
    change(file, "delete from facts where name = 'pepper'")
    change(file, "insert into chains values ('audit', 0, '', 0, '', '')")
    rmSync(pepper)
    expect(await refusal()).toContain('made with a pepper that is not here')
  })

  test('a start that was killed before the pepper was made is made good', async () => {
    await openAndClose()
    change(file, 'delete from facts')
    rmSync(pepper)
    await openAndClose()
    expect(existsSync(pepper)).toBe(true)
  })

  test('another pepper is refused', async () => {
    await openAndClose()
    const other = newHome()
    await openAndClose({}, other)
    copyFileSync(join(other, 'secrets', 'pepper'), pepper)
    expect(await refusal()).toMatch(/made with another pepper than .*secrets\/pepper/)
  })

  test('the write-ahead log of another database is told before it destroys this one', async () => {
    await openAndClose()
    const before = readFileSync(file)
    const other = newHome()
    await openAndClose({}, other)
    const stranger = new DatabaseSync(join(other, 'punku.db'))
    stranger.exec("pragma wal_autocheckpoint = 0; update facts set value = 'closed' where name = 'gateway'; vacuum")
    copyFileSync(join(other, 'punku.db-wal'), `${file}-wal`)
    stranger.close()
    expect(await refusal()).toMatch(/made with another pepper/)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('a database of a newer version', async () => {
    await openAndClose()
    change(file, "insert into kysely_migration values ('9999-later', '2030-01-01')")
    expect(await refusal()).toContain('was made by a newer version of Punku')
  })

  test.each(['gone', 'empty'])('a database that is %s is not taken for a new one', async (kind) => {
    await openAndClose()
    rmSync(file)
    if (kind === 'empty') writeFileSync(file, '')
    expect(await refusal()).toMatch(/punku\.db is empty or gone, though this state folder has been in use/)
    rmSync(pepper)
    await openAndClose()
  })

  const [, postgres] = databaseUrls()
  describe.skipIf(postgres?.url === undefined)(postgres?.name ?? '', () => {
    test('a second state folder needs the pepper of the first, and can be given it', async () => {
      const url = await emptyPostgres()
      const flags = { database: { url } }
      const first = await openAndClose(flags)
      const second = newHome()
      expect(await refusal(flags, second)).toMatch(/made with a pepper that is not here.*secrets\.pepperFile/)
      await openAndClose({}, second)
      expect(await refusal(flags, second)).toMatch(/made with another pepper/)
      expect(await openAndClose({ ...flags, secrets: { pepperFile: pepper } }, second)).toBe(first)
    })

    test('a server that is away, and what it refuses, is told with its host and the reason', async () => {
      const closed = await closedPort()
      const away = openAndClose({ database: { url: `postgres://ada:secret@127.0.0.1:${closed}/punku` } })
      await expect(away).rejects.toSatisfy(
        (error) => error instanceof CommandFailure && error.kind === 'away' && !error.message.includes('secret'),
      )
      await expect(away).rejects.toThrow(`PostgreSQL at 127.0.0.1:${closed} does not answer (ECONNREFUSED)`)
      const url = new URL(inject('postgresUrl') ?? '')
      url.pathname = 'no_such_database'
      expect(await refusal({ database: { url: url.href } })).toContain('has no database of that name')
    })
  })
})

describe('a file that cannot be used', () => {
  test('a folder in its place', async () => {
    mkdirSync(file)
    expect(await refusal()).toBe(`The database ${file} is a folder. Move it away; a file is made in its place.`)
  })

  test.each(['-wal', '-shm'])('a folder in place of the file with %s', async (ending) => {
    mkdirSync(`${file}${ending}`)
    expect(await refusal()).toBe(
      `The database ${file} cannot be opened, because ${file}${ending} is no file. Move that away, and try again.`,
    )
  })

  test('a pipe in its place', async () => {
    spawnSync('mkfifo', [file])
    expect(await refusal()).toBe(
      `The database ${file} is a pipe or a device. Move it away; a file is made in its place.`,
    )
  })

  test('one whose tables are not those that it says it has', async () => {
    await openAndClose()
    change(file, 'delete from kysely_migration where name = (select max(name) from kysely_migration)')
    expect(await refusal()).toMatch(
      /^The database \/.*punku\.db cannot be used\. Its tables could not be made .* Put it back from a backup\.$/,
    )
  })

  test('something else in its place', async () => {
    writeFileSync(file, 'Dear diary, today I was taken for a database.'.repeat(100))
    expect(await refusal()).toMatch(/punku\.db is no database of Punku/)
  })

  test('one that is cut short', async () => {
    await openAndClose()
    truncateSync(file, statSync(file).size / 2)
    expect(await refusal()).toMatch(/punku\.db is damaged/)
  })

  test('one of which a part was overwritten that no start reads, as when it is copied while a gateway writes', async () => {
    await openAndClose()
    change(
      file,
      `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 2000)
        insert into facts select printf('filler %04d', n), hex(zeroblob(200)) from numbers`,
    )
    const bytes = readFileSync(file)
    // Pages of the filler alone: what a start looks for comes after it, and what it looks into before.
    const page = Math.floor(bytes.length / 4_096 / 2)
    writeFileSync(file, bytes.fill(0xab, 4_096 * page, 4_096 * (page + 4)))
    expect(await refusal()).toMatch(
      /punku\.db is damaged: it was copied while a gateway ran.*Put it back from a backup/,
    )
  })

  test('a folder that is not there', async () => {
    const flags = { database: { url: `file:${home}/nowhere/punku.db` } }
    expect(await refusal(flags)).toMatch(/nowhere\/punku\.db cannot be made: its folder is not there/)
  })

  test('one that may not be written to', async () => {
    await openAndClose()
    const readOnly = new DatabaseSync(file, { readOnly: true })
    onTestFinished(() => readOnly.close())
    const thrown = attempt(() => readOnly.exec("insert into facts values ('gateway', 'open')"))
    expect(explainDatabase(thrown, pathToFileURL(file).href)).toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(/punku\.db may not be written by this user/),
    })
  })
})

function attempt(run: () => void): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

function change(path: string, statement: string): void {
  const database = new DatabaseSync(path)
  database.exec(statement)
  database.close()
}

async function emptyPostgres(): Promise<string> {
  const { url } = databaseUrls()[1] ?? {}
  return (await url?.()) ?? ''
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
