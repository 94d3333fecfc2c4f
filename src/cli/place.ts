import type { Command } from 'commander'
import type { LocalControl } from '../app/local-control.ts'
import { type ReachControlOptions, reachControl } from '../app/reach-control.ts'
import { resolveHome } from '../config/home.ts'

/** Where a command works: the options every command takes. */
export interface Place {
  /** The state folder, resolved. */
  readonly home: string
  readonly configFile: string | undefined
}

/** The place a command line names, by its flags and the environment. */
export function placeOf(command: Command): Place {
  const { home, config } = command.optsWithGlobals<{ home?: string; config?: string }>()
  return { home: resolveHome(process.env, process.platform, home), configFile: config }
}

/** The control API that a command means, by its flags and the environment; the caller disposes it. */
export function openControl(
  command: Command,
  more: Pick<ReachControlOptions, 'answerTimeoutMs'> = {},
): Promise<LocalControl> {
  const { gateway = process.env['PUNKU_GATEWAY'], org } = command.optsWithGlobals<{ gateway?: string; org?: string }>()
  return reachControl({ ...placeOf(command), env: process.env, gateway, org, ...more })
}
