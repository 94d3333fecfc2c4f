import { CommanderError } from 'commander'
import { ConfigError } from '../config/config-error.ts'
import { ControlError } from '../contract/control-error.ts'
import { CommandFailure, type CommandFailureKind } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import { visible } from './output.ts'

/** What a command ends with (the words of sysexits.h where it has one). */
export const EXIT = { done: 0, failed: 1, usage: 2, unavailable: 69, notAllowed: 77, config: 78 } as const

/** The command line cannot be understood; the message says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The person at the terminal said no; the message says what that left undone. */
export class Declined extends Error {
  override readonly name = 'Declined'
}

/**
 * How a thrown value ends the process, and what is said of it on standard error.
 * @param typed puts commands into a text of a gateway as they are typed here. Default: they stay as they are
 */
export function explain(
  thrown: unknown,
  typed: (text: string) => string = (text) => text,
): {
  readonly exitCode: number
  readonly message: string | undefined
} {
  // Commander has said it already.
  if (thrown instanceof CommanderError) {
    return { exitCode: thrown.exitCode === 0 ? EXIT.done : EXIT.usage, message: undefined }
  }
  if (thrown instanceof UsageError) return { exitCode: EXIT.usage, message: thrown.message }
  if (thrown instanceof Declined) return { exitCode: EXIT.failed, message: thrown.message }
  if (thrown instanceof ConfigError) return { exitCode: EXIT.config, message: thrown.message }
  // What a gateway elsewhere says makes no line of its own.
  if (thrown instanceof ControlError) {
    return { exitCode: exitOf(thrown.code, thrown.status), message: visible(typed(thrown.message)) }
  }
  if (thrown instanceof PunkuError)
    return { exitCode: exitOf(thrown.code, thrown.status), message: typed(thrown.message) }
  if (thrown instanceof CommandFailure) return { exitCode: AGENT_EXITS[thrown.kind], message: thrown.message }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return { exitCode: EXIT.failed, message: error.stack ?? error.message }
}

const AGENT_EXITS: Readonly<Record<CommandFailureKind, number>> = {
  ended: EXIT.failed,
  denied: EXIT.notAllowed,
  away: EXIT.unavailable,
}

function exitOf(code: string, status: number): number {
  if (code === 'invalid_request') return EXIT.usage
  if (status === 401 || status === 402 || status === 403) return EXIT.notAllowed
  return status === 503 ? EXIT.unavailable : EXIT.failed
}
