import { execFile } from 'node:child_process'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How a real llama-server is started: append its own arguments to `args`. */
export interface LlamaServerProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** The packages whose files are unpacked; apt brings others along that this server never loads. */
const NEEDED_PACKAGES = [
  'llama.cpp-tools',
  'libllama0',
  'libggml0',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'libgomp1',
  'libssl3t64',
  'libzstd1',
  'zlib1g',
] as const

const LIBRARIES = 'usr/lib/x86_64-linux-gnu'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const FETCH_LIMIT_MS = 240_000
const LOCK_POLL_MS = 100

let obtained: Promise<LlamaServerProgram> | undefined

/**
 * Gets llama.cpp's own llama-server without installing anything: its packages come from Debian unstable through the
 * machine's own apt mirror, signatures checked, and are unpacked into a cache folder, `PUNKU_TEST_LLAMA_DIR` or
 * `~/.cache/punku-test/llama-server`. Processes that ask at once wait for the one that fetches.
 * Rejects with one line that says why it cannot be had.
 */
export function obtainLlamaServer(): Promise<LlamaServerProgram> {
  obtained ??= obtain()
  return obtained
}

async function obtain(): Promise<LlamaServerProgram> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('llama-server is fetched from Debian for Linux on x64, and this machine is another')
  }
  const folder = process.env['PUNKU_TEST_LLAMA_DIR'] ?? join(homedir(), '.cache/punku-test/llama-server')
  const root = join(folder, 'root')
  if (!(await exists(root))) {
    await mkdir(folder, { recursive: true })
    await using _lock = await lockFolder(join(folder, 'lock'))
    if (!(await exists(root))) await fetchInto(folder, root)
  }
  return programIn(root)
}

/** The server runs on its own libraries and loader, so it starts on a Debian older than the one it was built for. */
function programIn(root: string): LlamaServerProgram {
  const libraries = join(root, LIBRARIES)
  return {
    command: join(libraries, 'ld-linux-x86-64.so.2'),
    args: [
      '--library-path',
      `${libraries}:${join(libraries, 'llama')}`,
      '--argv0',
      'llama-server',
      join(root, 'usr/bin/llama-server'),
    ],
    // Without it the server finds no compute backend and ends at once.
    environment: { GGML_BACKEND_PATH: join(libraries, 'ggml/backends0/libggml-cpu-x64.so') },
  }
}

async function fetchInto(folder: string, root: string): Promise<void> {
  const apt = join(folder, 'apt')
  const unpacked = join(folder, 'unpacking')
  await rm(apt, { recursive: true, force: true })
  await rm(unpacked, { recursive: true, force: true })
  const environment = { ...process.env, APT_CONFIG: await prepareApt(apt, await findMirror()) }
  const options = { env: environment, timeout: FETCH_LIMIT_MS }
  await step('read the package lists', () => run('apt-get', ['-qq', 'update'], options))
  await step('download the packages', () =>
    run('apt-get', ['-qq', '-y', '--download-only', 'install', NEEDED_PACKAGES[0]], options),
  )
  const archives = join(apt, 'var/cache/apt/archives')
  for (const file of await readdir(archives)) {
    if (!NEEDED_PACKAGES.some((name) => file.startsWith(`${name}_`))) continue
    await step(`unpack ${file}`, () => run('dpkg-deb', ['-x', join(archives, file), unpacked]))
  }
  // Renamed last: a folder of this name is always whole, whatever interrupted an earlier fetch.
  await rename(unpacked, root)
  await rm(apt, { recursive: true, force: true })
}

async function findMirror(): Promise<string> {
  const { stdout } = await step('ask apt for its mirror', () =>
    run('apt-get', ['indextargets', '--format', '$(REPO_URI)']),
  )
  const mirror = stdout.split('\n').find((line) => line !== '' && !line.includes('security'))
  if (mirror === undefined) throw new Error("apt knows no mirror here: run 'apt-get update' once")
  return mirror
}

/** Lays out a private apt, which shares nothing with the machine's own but the mirror; returns its config file. */
async function prepareApt(apt: string, mirror: string): Promise<string> {
  const folders = [
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/sources.list.d',
    'etc/apt/trusted.gpg.d',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/lib/dpkg',
  ]
  for (const folder of folders) await mkdir(join(apt, folder), { recursive: true })
  const status = join(apt, 'var/lib/dpkg/status')
  const config = join(apt, 'apt.conf')
  await writeFile(status, '')
  await writeFile(join(apt, 'etc/apt/sources.list'), `deb [signed-by=${KEYRING}] ${mirror} sid main\n`)
  await writeFile(
    config,
    [
      `Dir "${apt}";`,
      `Dir::State "${join(apt, 'var/lib/apt')}";`,
      `Dir::State::status "${status}";`,
      `Dir::Cache "${join(apt, 'var/cache/apt')}";`,
      `Dir::Etc "${join(apt, 'etc/apt')}";`,
      'APT::Architecture "amd64";',
      'APT::Architectures "amd64";',
      'APT::Sandbox::User "root";',
      'APT::Install-Recommends "0";',
      'Acquire::Languages "none";',
      // A local mirror may lag behind: its lists are signed all the same, only their age is not held against them.
      'Acquire::Check-Valid-Until "false";',
      '',
    ].join('\n'),
  )
  return config
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error)
    throw new Error(`could not ${what}: ${reason.trim().replaceAll('\n', '; ')}`, { cause: error })
  }
}

/** Waits for a folder that only one process can have made; a lock whose holder is gone is taken over. */
async function lockFolder(path: string): Promise<AsyncDisposable> {
  const holder = join(path, 'pid')
  for (let waitedMs = 0; waitedMs < FETCH_LIMIT_MS; waitedMs += LOCK_POLL_MS) {
    try {
      await mkdir(path)
      await writeFile(holder, String(process.pid))
      return { [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const pid = Number(await readFile(holder, 'utf8').catch(() => ''))
    if (pid > 0 && !(await exists(join('/proc', String(pid))))) await rm(path, { recursive: true, force: true })
    else await delay(LOCK_POLL_MS)
  }
  throw new Error(`the folder ${path} stayed locked: remove it if no test is running`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
