import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ConnectProxy } from '../support/connect-proxy.ts'
import { Terminal } from '../support/terminal.ts'
import { watched } from '../support/watched.ts'

/** How a program ended and all that it wrote. */
export interface ToolEnd {
  /** `null` where it was ended by force. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ToolRunOptions {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What it finds in its home: texts by their paths there. */
  readonly homeFiles?: Readonly<Record<string, string>>
  /** Default: `work`. */
  readonly cwd?: string
  /** It is ended by force after as long. Default: 100 s. */
  readonly limitMs?: number
}

const RUN_LIMIT_MS = 100_000

/** Each tool is told in its own words that nobody is to be asked but the gateway. */
const QUIET = {
  DO_NOT_TRACK: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  PI_OFFLINE: '1',
} as const

/**
 * A home in which real programs run that know nothing of this machine's own settings and keys. Only loopback is open to
 * them: for all else they are sent to a proxy that refuses, and remembers who was asked for. Disposing ends what is left
 * of them and removes the folder.
 */
export class ToolPlace implements AsyncDisposable {
  /** Where they work. */
  readonly work: string
  readonly #folder: string
  readonly #proxy: ConnectProxy

  private constructor(folder: string, proxy: ConnectProxy) {
    this.#folder = folder
    this.#proxy = proxy
    this.work = this.#makeFolder('work')
  }

  static async open(): Promise<ToolPlace> {
    const proxy = await ConnectProxy.start({ status: 403, letsLoopback: true })
    return new ToolPlace(mkdtempSync(join(tmpdir(), 'punku-tool-')), proxy)
  }

  /** Whom beyond this machine they wanted to reach, each once. */
  get strangersAsked(): readonly string[] {
    return [...new Set(this.#proxy.asked)]
  }

  /** Runs one to its end. What it started and left behind is ended with it. */
  async run(program: string, options: ToolRunOptions): Promise<ToolEnd> {
    const { args, env, homeFiles = {}, cwd = this.work, limitMs = RUN_LIMIT_MS } = options
    this.#put(homeFiles)
    const child = watched(
      spawn(program, args, {
        cwd,
        env: { ...this.#environment(), ...env },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
      { isGroup: true },
    )
    const [stdout, stderr] = [[] as Buffer[], [] as Buffer[]]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const closed = once(child, 'close')
    const endGroup = () => endProcess(-(child.pid ?? Number.NaN))
    const limit = setTimeout(endGroup, limitMs)
    const [code] = (await once(child, 'exit')) as [number | null]
    clearTimeout(limit)
    endGroup()
    this.#endLeftovers()
    await closed
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
  }

  /** Starts one in a terminal of its own, which whoever asked takes away again. */
  startInTerminal(program: string, { args, env, homeFiles = {} }: ToolRunOptions): Terminal {
    this.#put(homeFiles)
    return new Terminal([program, ...args], { ...this.#environment(), ...env, TERM: 'xterm' }, this.work)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endLeftovers()
    await this.#proxy[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  #environment(): Record<string, string> {
    const proxy = `http://${this.#proxy.authority}`
    const loopback = '127.0.0.1,localhost'
    return {
      ...QUIET,
      PATH: process.env['PATH'] ?? '',
      ...(process.env['PYTHONPATH'] && { PYTHONPATH: process.env['PYTHONPATH'] }),
      NO_COLOR: '1',
      HOME: this.#makeFolder('home'),
      XDG_CONFIG_HOME: this.#makeFolder('home/config'),
      XDG_DATA_HOME: this.#makeFolder('home/data'),
      XDG_STATE_HOME: this.#makeFolder('home/state'),
      XDG_CACHE_HOME: this.#makeFolder('home/cache'),
      CODEX_HOME: this.#makeFolder('home/codex'),
      CLAUDE_CONFIG_DIR: this.#makeFolder('home/claude'),
      TMPDIR: this.#makeFolder('tmp'),
      ...{ http_proxy: proxy, HTTP_PROXY: proxy, https_proxy: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy },
      ...{ no_proxy: loopback, NO_PROXY: loopback },
    }
  }

  #put(homeFiles: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(homeFiles)) {
      writeFileSync(join(this.#makeFolder(join('home', dirname(path))), basename(path)), text)
    }
  }

  #makeFolder(name: string): string {
    const folder = join(this.#folder, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /** A daemon leaves its group, but has the environment that it was started with. Found on Linux alone. */
  #endLeftovers(): void {
    const mark = `HOME=${join(this.#folder, 'home')}\0`
    for (const pid of processIds()) if (environmentOf(pid).includes(mark)) endProcess(pid)
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
