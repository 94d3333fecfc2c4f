import type { Command } from 'commander'
import type { ReachControlOptions } from '../client/reach-control.ts'
import { resolveHome } from '../config/home.ts'
import { ownCommand } from '../config/own-command.ts'
import type { ControlAccess } from '../contract/control-access.ts'

/** Where a command works: the options every command takes. */
export interface CommandContext {
  /** The state folder, resolved. */
  readonly home: string
  readonly configFile: string | undefined
}

/** The context a command line names, by its flags and the environment. */
export function contextOf(command: Command): CommandContext {
  const { home, config } = command.optsWithGlobals<{ home?: string; config?: string }>()
  return { home: resolveHome(process.env, process.platform, home), configFile: config }
}

/** A command of this program as it is typed where this one was, on the same state folder. */
export function typedHere(command: Command, words: string): string {
  return ownCommand(words, contextOf(command).home)
}

/** The gateway elsewhere that a command line or the environment names; `undefined`: none. */
export function gatewayGiven(command: Command): string | undefined {
  // An empty variable counts as not set, as everywhere.
  return command.optsWithGlobals<{ gateway?: string }>().gateway ?? (process.env['PUNKU_GATEWAY'] || undefined)
}

/** The control API that a command means, by its flags and the environment; the caller disposes it. */
export async function openControl(
  command: Command,
  more: Pick<ReachControlOptions, 'answerTimeoutMs'> = {},
): Promise<ControlAccess> {
  const { org } = command.optsWithGlobals<{ org?: string }>()
  const gateway = gatewayGiven(command)
  const context = contextOf(command)
  const openOffline = async () => {
    const { openOfflineControl } = await import('../gateway/serve/offline-control.ts')
    return openOfflineControl({ ...context, env: process.env, org })
  }
  const { reachControl } = await import('../client/reach-control.ts')
  return await reachControl({ ...context, gateway, org, openOffline, ...more })
}
