import { ConfigError } from '../../config/config-error.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { ownCommand } from '../../config/own-command.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'

/** Problems named at once; the command in the advice names all. */
const MAX_PROBLEMS = 3

/** Whether the file, the environment and the files they name can be used as they stand. */
export function lookAtConfiguration(home: string, load: () => LoadedConfig): HopFinding {
  const advice = `Put that right, then look again: ${ownCommand('config check', home)}`
  try {
    const { warnings } = load()
    if (warnings.length === 0) return { state: 'ok', said: 'Every option is known and in its range.' }
    return { state: 'warning', said: shortened(warnings), advice }
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    return { state: 'broken', said: shortened(thrown.problems), advice }
  }
}

function shortened(texts: readonly string[]): string {
  const more = texts.length - MAX_PROBLEMS
  return [...texts.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`And ${more} more.`] : [])].join(' ')
}
