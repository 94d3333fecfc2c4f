import { Readable, Writable } from 'node:stream'
import { runCli } from '../../src/cli/program.ts'

/** How a command ended. */
export interface Ended {
  /** `undefined`: a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly args: readonly string[]
  /** Default: that of this process. */
  readonly cwd?: string | undefined
  /** All of its environment, but for `PATH` and `NO_COLOR`. Default: no more. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What it finds on standard input. Default: nothing. */
  readonly input?: string | undefined
}

let last: Promise<unknown> = Promise.resolve()

/**
 * Runs a command of `punku` to its end in this process, which has a hundredth of the cost of a new one. It is for commands that
 * end by themselves: streams, environment and folder are the process's, so one runs at a time and others wait. Where
 * signals, a terminal or the end of a process are the point, it takes a real one.
 */
export function runCommand(options: RunOptions): Promise<Ended> {
  const ended = last.then(() => runAlone(options))
  last = ended.catch(() => {})
  return ended
}

async function runAlone({ args, cwd, env, input = '' }: RunOptions): Promise<Ended> {
  using restored = new DisposableStack()
  const [stdout, stderr] = [new Captured(), new Captured()]
  // What is read in the end is closed by the reader, as a pipe is.
  const stdin = Readable.from(input === '' ? [] : [input])
  for (const [name, stream] of Object.entries({ stdin, stdout, stderr })) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    if (own !== undefined) restored.defer(() => Object.defineProperty(process, name, own))
    Object.defineProperty(process, name, { value: stream, configurable: true })
  }
  const { env: environment, exitCode } = process
  process.env = { PATH: environment['PATH'], NO_COLOR: '1', ...env }
  restored.defer(() => {
    process.env = environment
  })
  process.exitCode = undefined
  restored.defer(() => {
    process.exitCode = exitCode
  })
  if (cwd !== undefined) {
    const folder = process.cwd()
    process.chdir(cwd)
    restored.defer(() => process.chdir(folder))
  }
  const returned = await runCli(args)
  const code = returned === 0 ? Number(process.exitCode ?? 0) : returned
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** A stream that is no terminal and keeps what is written to it. */
class Captured extends Writable {
  #bytes: Buffer[] = []

  get text(): string {
    return Buffer.concat(this.#bytes).toString()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#bytes.push(chunk)
    done()
  }
}
