import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LocalControl, openLocalControl } from '../../src/app/local-control.ts'

/** The program's own file. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What Node has compiled is kept from one process to the next: each else takes half a second longer to start. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/punku-cli', import.meta.url))

/** How a command ended. */
export interface Ended {
  /** `undefined`: a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly args: readonly string[]
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What it finds on standard input. Default: nothing. */
  readonly input?: string | undefined
}

/** A command of `punku` that runs in a process of its own. Disposing it kills it. */
export class Punku implements Disposable {
  readonly child: ChildProcess
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<Ended>
  readonly #startedAtMs = performance.now()
  readonly #waiters = new Set<() => void>()
  #stdout = ''
  #stderr = ''
  #hasEnded = false

  constructor({ args, cwd, env, input }: StartOptions) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      // Nothing of the machine's own set-up: only what a program needs to be found.
      env: { PATH: process.env['PATH'], NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    // One that ends without reading it is told by how it ended.
    this.child.stdin?.on('error', () => {}).end(input)
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#wake()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.#hasEnded = true
        this.#wake()
        resolve({ code: code ?? undefined, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Resolves with standard output once `isEnough` has come; rejects when the process ends before. */
  async until(isEnough: (stdout: string, stderr: string) => boolean): Promise<string> {
    while (!isEnough(this.#stdout, this.#stderr)) {
      if (this.#hasEnded) {
        const tookMs = Math.round(performance.now() - this.#startedAtMs)
        throw new Error(`punku ended after ${tookMs} ms before that came:\n${this.#stdout}\n${this.#stderr}`)
      }
      await new Promise<void>((resolve) => this.#waiters.add(resolve))
    }
    return this.#stdout
  }

  /** Sends a signal and resolves when the process has ended. */
  stop(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }

  [Symbol.dispose](): void {
    if (!this.#hasEnded) this.child.kill('SIGKILL')
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
    this.#waiters.clear()
  }
}

/** A folder of a test's own, and the commands of `punku` in it. Disposing it kills those that still run and removes the folder. */
export class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'punku-cli-'))
  readonly home = join(this.folder, 'home')
  readonly #commands: Punku[] = []

  /** Starts a command on this state folder. */
  start(...args: string[]): Punku {
    return this.#start({ args })
  }

  /** Runs a command on this state folder to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended
  }

  /** Runs a command that reads standard input to its end. */
  runWithInput(input: string, ...args: string[]): Promise<Ended> {
    return this.#start({ args, input }).ended
  }

  /** Runs a command that must succeed, with `--json`, and gives what it printed. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json')
    if (code !== 0) throw new Error(`punku ${args.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Starts a gateway on a free port; resolves when it listens. */
  async serve(...args: string[]): Promise<ServingPunku> {
    const punku = this.start('serve', '--listen', '127.0.0.1:0', ...args)
    const greeting = await punku.until((text) => /^Listening .*\n\n/m.test(text))
    return { punku, url: /^Listening {2}(\S+)$/m.exec(greeting)?.[1] ?? '' }
  }

  /** The control API of this state folder, without a command's process. */
  control(): Promise<LocalControl> {
    return openLocalControl({ home: this.home, env: {} })
  }

  #start({ args, input }: StartOptions): Punku {
    const punku = new Punku({ args: [...args, '--home', this.home], cwd: this.folder, input })
    this.#commands.push(punku)
    return punku
  }

  [Symbol.dispose](): void {
    for (const punku of this.#commands) punku[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A gateway that listens. */
export interface ServingPunku {
  readonly punku: Punku
  readonly url: string
}

/** Whether a program that a test needs is there; a CI that lacks it fails. */
export function hasProgram(name: string, versionFlag: string): boolean {
  const isThere = spawnSync(name, [versionFlag], { stdio: 'ignore' }).status === 0
  if (!isThere && process.env['CI'] !== undefined) throw new Error(`The tests need ${name}: install it.`)
  return isThere
}
