import { basename, dirname, sep } from 'node:path'
import type { ClientTool } from '../tools/client-tool.ts'

/** How a tool came onto this machine, and with that how another version of it is had. */
export type InstallMethod =
  /** @prop prefix the folder that npm calls its prefix */
  | { readonly kind: 'npm'; readonly package: string; readonly prefix: string }
  | { readonly kind: 'brew'; readonly formula: string }
  | { readonly kind: 'pipx'; readonly package: string }
  /** @prop python the interpreter whose environment has it */
  | { readonly kind: 'pip'; readonly package: string; readonly python: string }
  | { readonly kind: 'unknown' }

/**
 * Tells from where a program lies how it was installed.
 * @param program the path that was found in PATH
 * @param real the same with all links followed
 */
export function installMethod(
  tool: ClientTool,
  program: string,
  real: string,
  isWindows = process.platform === 'win32',
): InstallMethod {
  const { kind, name } = tool.source
  const parts = real.split(sep)
  const cellar = parts.indexOf('Cellar')
  const formula = parts[cellar + 1]
  if (cellar !== -1 && formula !== undefined) return { kind: 'brew', formula }
  const modules = kind === 'npm' ? real.indexOf(`${sep}node_modules${sep}${name.replaceAll('/', sep)}${sep}`) : -1
  if (modules !== -1) {
    const root = real.slice(0, modules)
    // On Windows the modules lie in the prefix itself, elsewhere in its `lib`. In a project they lie in the project.
    if (basename(root) === 'lib') return { kind: 'npm', package: name, prefix: dirname(root) }
    return isWindows ? { kind: 'npm', package: name, prefix: root } : { kind: 'unknown' }
  }
  if (kind !== 'pypi') return { kind: 'unknown' }
  if (/[\\/]pipx[\\/]venvs[\\/]/.test(real)) return { kind: 'pipx', package: name }
  return { kind: 'pip', package: name, python: `${dirname(program)}${sep}python` }
}

/**
 * The command that puts a version in place, as a program and its arguments; `undefined`: there is none that does only that.
 * A project's folder of npm is none: what is in it stands in the project's own files.
 */
export function installCommand(method: InstallMethod, version: string): readonly string[] | undefined {
  switch (method.kind) {
    case 'npm':
      return ['npm', 'install', '--global', '--prefix', method.prefix, `${method.package}@${version}`]
    case 'pipx':
      return ['pipx', 'install', '--force', `${method.package}==${version}`]
    case 'pip':
      return [method.python, '-m', 'pip', 'install', `${method.package}==${version}`]
    default:
      return undefined
  }
}

/** What a person does where no command puts a version in place. */
export function stepsByHand(tool: ClientTool, method: InstallMethod, version: string): string {
  if (method.kind === 'brew') {
    return `Homebrew keeps the newest version alone. Take the formula of ${version} from its history, install it with \`brew install ./FILE.rb\`, and hold it with \`brew pin ${method.formula}\`.`
  }
  if (tool.source.kind === 'npm') {
    return `How ${tool.title} was installed cannot be told. With npm it is: npm install --global ${tool.source.name}@${version}`
  }
  if (tool.source.kind === 'pypi') {
    return `How ${tool.title} was installed cannot be told. With pipx it is: pipx install --force ${tool.source.name}==${version}`
  }
  return `Install ${tool.title} ${version} as its makers say: ${tool.source.name}`
}
