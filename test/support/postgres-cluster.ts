import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { watched } from './watched.ts'

/** A PostgreSQL of our own, in a temporary folder, reached through a socket in that folder and by nothing else. */
export interface PostgresCluster extends AsyncDisposable {
  /** Of the database `postgres`, as its superuser. */
  readonly url: string
  /** Ends it at once, as `pg_ctl stop -m immediate` does: every connection breaks, and what was not on the disk is gone. */
  stop(): Promise<void>
  /** Starts it again after `stop`; resolves when it accepts connections. */
  start(): Promise<void>
}

/**
 * Starts a cluster; `undefined` when PostgreSQL's programs are not installed. Takes about two seconds.
 * @param options.isDurable whether what was committed outlives `stop`. Default: no, which is faster
 */
export async function startPostgresCluster({ isDurable = false } = {}): Promise<PostgresCluster | undefined> {
  const programs = findPrograms()
  if (programs === undefined) return undefined
  const owner = unprivilegedOwner()
  const folder = mkdtempSync(join(tmpdir(), 'punku-pg-'))
  try {
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
    const data = join(folder, 'data')
    const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    execFileSync(join(programs, 'initdb'), initdb, { ...owner, cwd: folder, stdio: 'pipe' })
    const settings = [
      'listen_addresses=',
      // What does not have to outlive a crash does not wait for the disk.
      ...(isDurable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
      'autovacuum=off',
      'max_connections=400',
    ]
    const args = ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])]
    const startProgram = async () => {
      const started = watched(
        spawn(join(programs, 'postgres'), args, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
        // With it the processes of its connections end too.
        { signal: 'QUIT' },
      )
      await untilReady(started)
      return started
    }
    let postgres = await startProgram()
    const end = async (signal: NodeJS.Signals) => {
      if (postgres.exitCode !== null) return
      const exited = once(postgres, 'exit')
      postgres.kill(signal)
      await exited
    }
    return {
      url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
      stop: () => end('SIGQUIT'),
      async start() {
        postgres = await startProgram()
      },
      async [Symbol.asyncDispose]() {
        await end('SIGINT')
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** The folder that has `initdb` and `postgres`: on the path, or where Debian keeps them, newest first. */
function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  let versions: string[] = []
  try {
    versions = readdirSync(debian).sort((left, right) => Number(right) - Number(left))
  } catch {
    // Not Debian, or no PostgreSQL.
  }
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  return folders.find((folder) => ['initdb', 'postgres'].every((program) => isExecutable(join(folder, program))))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** PostgreSQL refuses to run as root: then as the account its package made. */
function unprivilegedOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function untilReady(postgres: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    postgres.once('error', reject)
    postgres.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${said}`)))
    // Read to the end of its life, or it would stop when the pipe is full.
    postgres.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 10_000) said += text
      if (said.includes('ready to accept connections')) resolve()
    })
  })
}
