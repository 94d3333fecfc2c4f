import type { Command } from 'commander'
import { VERSION } from '../../core/version.ts'
import { print, printJson } from '../output.ts'

/** `punku version`: of Punku and of the Node it runs on. */
export function defineVersion(command: Command): void {
  command.option('--json', 'print JSON').action((flags: { json?: true }) => {
    const versions = { punku: VERSION, node: process.versions.node }
    if (flags.json) printJson(versions)
    else print(`punku ${versions.punku} (Node ${versions.node})`)
  })
}
