import type { Command } from 'commander'
import { type LocalControl, openLocalControl } from '../app/local-control.ts'
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

/** The control API of the command's place; the caller disposes it. */
export function openControl(command: Command): Promise<LocalControl> {
  return openLocalControl({ ...placeOf(command), env: process.env })
}
