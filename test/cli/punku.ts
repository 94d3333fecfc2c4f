import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isBuildOf } from '../../scripts/build-inputs.ts'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { openLocalControl } from '../support/local-control.ts'
import { type Ended, type RunOptions, runCommand } from '../support/run-command.ts'
import { watched } from '../support/watched.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The program as it stands in the repository. */
export const SOURCE_MAIN = join(ROOT, 'src/cli/main.ts')
/** The program's own file: the built one where it is of what is here, as it starts in half the time, else the source. */
export const MAIN = isBuildOf(ROOT) ? join(ROOT, 'dist/cli/main.js') : SOURCE_MAIN

/** What Node has compiled is kept from one process to the next: each else takes half a second longer to start. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/punku-cli')

/** A command of `punku` that runs in a process of its own. Disposing it kills it; it does not outlive the test's process. */
export class Punku implements Disposable {
  readonly child: ChildProcess
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<Ended>
  readonly #startedAtMs = performance.now()
  readonly #waiters = new Set<() => void>()
  #stdout = ''
  #stderr = ''
  #hasEnded = false

  /** @param openFiles as many as it may have open. Default: as this process may */
  constructor({ args, cwd, env, input }: RunOptions, openFiles?: number) {
    const command = [process.execPath, MAIN, ...args]
    if (openFiles !== undefined) command.unshift('prlimit', `--nofile=${openFiles}`)
    const [program = '', ...rest] = command
    this.child = watched(
      spawn(program, rest, {
        cwd,
        // Nothing of the machine's own set-up: only what a program needs to be found.
        env: { PATH: process.env['PATH'], NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      }),
    )
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

/** A folder of a test's own, and the commands of `punku` in it. Disposing it kills the processes that still run and removes the folder. */
export class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'punku-cli-'))
  readonly home = join(this.folder, 'home')
  readonly #commands: Punku[] = []
  readonly #openFiles: number | undefined

  /** @param given.openFiles as many as the processes started here may have open; Linux only */
  constructor(given: { readonly openFiles?: number } = {}) {
    this.#openFiles = given.openFiles
  }

  /** Starts a command on this state folder, in a process of its own. */
  start(...args: string[]): Punku {
    const punku = new Punku(this.#options(args), this.#openFiles)
    this.#commands.push(punku)
    return punku
  }

  /** Runs a command on this state folder to its end, in this process: one that ends by itself. */
  run(...args: string[]): Promise<Ended> {
    return runCommand(this.#options(args))
  }

  /** Runs a command that reads standard input to its end, in this process. */
  runWithInput(input: string, ...args: string[]): Promise<Ended> {
    return runCommand({ ...this.#options(args), input })
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
  control(): Promise<ControlAccess> {
    return openLocalControl({ home: this.home, env: {} })
  }

  #options(args: readonly string[]): RunOptions {
    return { args: [...args, '--home', this.home], cwd: this.folder }
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
