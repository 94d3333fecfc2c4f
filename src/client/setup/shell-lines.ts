import { shellWord } from '../../core/wording.ts'
import type { SetupPlaces } from './setup-plan.ts'

/** A variable of the shell: a text, or what a command prints. */
export type ShellValue = string | { readonly printedBy: readonly string[] }

/** How a shell is written. */
export type ShellKind = 'posix' | 'fish' | 'powershell'

/** The shell that this user works in. */
export function shellOf({ platform, env }: SetupPlaces): ShellKind {
  if (platform === 'win32') return 'powershell'
  return env['SHELL']?.split('/').at(-1) === 'fish' ? 'fish' : 'posix'
}

/** Lines that give a shell these variables, each with its end. */
export function shellLines(shell: ShellKind, variables: Readonly<Record<string, ShellValue>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${LINES[shell](name, value)}\n`)
    .join('')
}

/** The line by which a shell reads a script into itself. */
export function sourceLine(shell: ShellKind, file: string): string {
  if (shell === 'fish') return `source ${fishWord(file)}`
  return shell === 'posix' ? `. ${shellWord(file)}` : `. ${powershellWord(file)}`
}

const LINES: Readonly<Record<ShellKind, (name: string, value: ShellValue) => string>> = {
  posix: (name, value) =>
    typeof value === 'string'
      ? `export ${name}=${shellWord(value)}`
      : `export ${name}="$(${value.printedBy.map(shellWord).join(' ')})"`,
  fish: (name, value) =>
    typeof value === 'string'
      ? `set -gx ${name} ${fishWord(value)}`
      : `set -gx ${name} (${value.printedBy.map(fishWord).join(' ')})`,
  powershell: (name, value) =>
    typeof value === 'string'
      ? `$env:${name} = ${powershellWord(value)}`
      : `$env:${name} = & ${value.printedBy.map(powershellWord).join(' ')}`,
}

function fishWord(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}

function powershellWord(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
