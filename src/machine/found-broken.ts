import { ConfigError } from '../config/config-error.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import type { Check, HopFinding } from '../diagnosis/walk.ts'

/** What an error says, as a finding: its last sentence is what to do, where it has more than one. */
export function brokenBy(message: string, otherwise: string): HopFinding {
  const sentences = message.split(/(?<=\.)\s(?=[A-Z])/)
  const advice = sentences.length > 1 ? sentences.pop() : undefined
  return { state: 'broken', said: sentences.join(' '), advice: advice ?? otherwise }
}

/** The check, but what keeps a hop from being looked at is a finding there. Faults of the program are thrown on. */
export function finding(check: Check, otherwise: string): Check {
  return {
    ...check,
    look: (signal) =>
      check.look(signal).catch((thrown: unknown) => {
        const isSaid = [ConfigError, PunkuError, CommandFailure].some((kind) => thrown instanceof kind)
        if (!isSaid) throw thrown
        return brokenBy((thrown as Error).message, otherwise)
      }),
  }
}
