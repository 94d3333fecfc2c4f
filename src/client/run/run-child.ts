import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import type { Environment } from '../../config/environment.ts'
import type { FoundProgram } from '../tools/find-program.ts'

/** What a terminal sends to each process of its group itself. */
const OF_TERMINAL = ['SIGINT', 'SIGQUIT'] as const
/** What is sent to this process alone, and means the tool. */
const HANDED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const

interface ChildOptions {
  readonly program: FoundProgram
  readonly args: readonly string[]
  readonly env: Environment
}

/**
 * Runs a program to its end, with this process's terminal and streams as its own, and gives its exit code: 128 and the
 * signal's number where a signal ended it. Signals that this process gets are its.
 * @throws the system's error when it cannot be started.
 */
export async function runChild({ program, args, env }: ChildOptions): Promise<number> {
  using signals = new DisposableStack()
  const handOn = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  }
  // Without a terminal nobody but this process has it.
  const leave = hasTerminal() ? () => {} : handOn
  const listen = (names: readonly NodeJS.Signals[], run: (signal: NodeJS.Signals) => void) => {
    for (const name of names) {
      process.on(name, run)
      signals.defer(() => process.off(name, run))
    }
  }
  const child = spawn(program.file, [...program.args, ...args], { stdio: 'inherit', env: { ...env } })
  listen(OF_TERMINAL, leave)
  listen(process.platform === 'win32' ? ['SIGHUP'] : HANDED_ON, handOn)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

function hasTerminal(): boolean {
  if (process.platform === 'win32') return true
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
