import { shellWord } from '../../core/wording.ts'
import type { FileEdit } from '../edits/file-edit.ts'
import { inConfigFolder, inUserHome } from './place-paths.ts'
import type { SetupPlaces } from './setup-plan.ts'

/** A variable of the shell: a text, or what a command prints. */
export type ShellValue = string | { readonly printedBy: readonly string[] }

type Shell = 'posix' | 'fish' | 'powershell'

/** The edit that gives variables to every shell that this user starts from then on. No key is in it. */
export function shellProfileEdit(
  places: SetupPlaces,
  variables: Readonly<Record<string, ShellValue>>,
): FileEdit & { readonly format: 'block' } {
  const { file, shell } = profileOf(places)
  const text = Object.entries(variables).map(([name, value]) => LINES[shell](name, value))
  return { file, format: 'block', text: `${text.join('\n')}\n` }
}

/** The file that the person's shell reads at its start, and how it is written. */
function profileOf(places: SetupPlaces): { readonly file: string; readonly shell: Shell } {
  if (places.platform === 'win32') {
    const file = inUserHome(places, 'Documents', 'PowerShell', 'Microsoft.PowerShell_profile.ps1')
    return { file, shell: 'powershell' }
  }
  const program = places.env['SHELL']?.split('/').at(-1)
  switch (program) {
    case 'fish':
      return { file: inConfigFolder(places, 'fish', 'conf.d', 'punku.fish'), shell: 'fish' }
    case 'zsh':
      return { file: inZshFolder(places), shell: 'posix' }
    case 'bash':
      return { file: inUserHome(places, '.bashrc'), shell: 'posix' }
    default:
      return { file: inUserHome(places, '.profile'), shell: 'posix' }
  }
}

function inZshFolder(places: SetupPlaces): string {
  const { ZDOTDIR: folder } = places.env
  return folder?.startsWith('/') ? `${folder}/.zshrc` : inUserHome(places, '.zshrc')
}

const LINES: Readonly<Record<Shell, (name: string, value: ShellValue) => string>> = {
  posix: (name, value) =>
    typeof value === 'string' ? `export ${name}=${shellWord(value)}` : `export ${name}="$(${words(value)})"`,
  fish: (name, value) =>
    typeof value === 'string' ? `set -gx ${name} ${fishWord(value)}` : `set -gx ${name} (${fishWords(value)})`,
  powershell: (name, value) =>
    typeof value === 'string'
      ? `$env:${name} = ${powershellWord(value)}`
      : `$env:${name} = & ${powershellWords(value)}`,
}

type Printed = Exclude<ShellValue, string>

const words = ({ printedBy }: Printed) => printedBy.map(shellWord).join(' ')
const fishWords = ({ printedBy }: Printed) => printedBy.map(fishWord).join(' ')
const powershellWords = ({ printedBy }: Printed) => printedBy.map(powershellWord).join(' ')

function fishWord(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}

function powershellWord(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
