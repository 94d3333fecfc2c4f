import { basename, dirname, join } from 'node:path'
import { isLoopbackHost } from '../core/loopback.ts'
import { shellWord } from '../core/wording.ts'
import { resolveHome } from './home.ts'

/** How a process was started. */
export interface Start {
  /** The program's file. */
  readonly main: string
  /** The folder it was started in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
}

/** The program by its plain name: what is typed on a machine of which nothing is known. */
const PLAIN = 'punku'

const SOURCE = /[\\/]src[\\/]cli[\\/]main\.ts$/
/** The names that the program's file has where it is installed. */
const INSTALLED: ReadonlySet<string> = new Set(['punku', 'main.js'])

/** Commands that are typed beside a model server, which may be another machine than the one where they are named. */
const BESIDE_MODEL_SERVER = /^(pair|connect)\b/

/** This program as it is typed where it was started: `punku`, `npx punku`, `./punku`, or the path of a checkout. */
export function ownProgram({ main, cwd, env, platform }: Start = thisStart()): string {
  const isCheckout = SOURCE.test(main)
  if (isCheckout && platform !== 'win32') {
    const root = dirname(dirname(dirname(main)))
    return cwd === root ? './punku' : shellWord(join(root, 'punku'))
  }
  const isNpx = env['npm_command'] === 'exec' && INSTALLED.has(basename(main))
  return isCheckout || isNpx ? `npx ${PLAIN}` : PLAIN
}

/**
 * A command of this program as it is typed where this process was started.
 * @param home the state folder that the command has to reach, resolved; it is named where a command in another shell would
 * find a different one. Default: the one found is the one meant
 */
export function ownCommand(words: string, home?: string, start: Start = thisStart()): string {
  const isFound = home === undefined || home === foundHome(start)
  return `${ownProgram(start)} ${words}${isFound ? '' : ` --home ${shellWord(home)}`}`
}

/**
 * A command of this program, word by word, as another program starts it: from any folder, and perhaps without a shell.
 * @param home as for `ownCommand`
 */
export function ownCommandWords(
  words: readonly string[],
  home?: string,
  start: Start = thisStart(),
): readonly string[] {
  const isFound = home === undefined || home === foundHome(start)
  return [...programWords(start), ...words, ...(isFound ? [] : ['--home', home])]
}

/** Words as one line of the shell that a program gives a command to: `sh`, or `cmd` on Windows. */
export function commandLine(words: readonly string[], platform: NodeJS.Platform = process.platform): string {
  const quoted = (word: string) => (/^[\w./:@\\=-]+$/.test(word) ? word : `"${word}"`)
  return words.map(platform === 'win32' ? quoted : shellWord).join(' ')
}

/**
 * A command that is typed on the machine of a gateway: where that is this one, as it is typed here. Of another only the
 * plain name of the program is known.
 */
export function commandAtGateway(gatewayUrl: string, words: string, start: Start = thisStart()): string {
  const isHere = isLoopbackHost(URL.parse(gatewayUrl)?.hostname ?? '')
  return isHere ? ownCommand(words, undefined, start) : plainCommand(words)
}

/** A command that is typed on a machine of which nothing is known, such as the one beside a model server. */
export function plainCommand(words: string): string {
  return `${PLAIN} ${words}`
}

/**
 * A text of a gateway, in which commands stand between backticks and by their plain name, with each as it is typed where
 * this process was started; but for those that are typed beside a model server.
 */
export function withOwnCommands(text: string, home?: string, start: Start = thisStart()): string {
  return text.replaceAll(/`punku ([^`]+)`/g, (plain, words: string) =>
    BESIDE_MODEL_SERVER.test(words) ? plain : `\`${ownCommand(words, home, start)}\``,
  )
}

function programWords({ main, env, platform }: Start): readonly string[] {
  if (SOURCE.test(main)) {
    return platform === 'win32' ? ['node', main] : [join(dirname(dirname(dirname(main))), PLAIN)]
  }
  return env['npm_command'] === 'exec' && INSTALLED.has(basename(main)) ? ['npx', PLAIN] : [PLAIN]
}

function thisStart(): Start {
  const { argv, env, platform } = process
  return { main: argv[1] ?? '', cwd: folderOfThis(), env, platform }
}

function folderOfThis(): string {
  try {
    return process.cwd()
  } catch {
    // It was deleted under the process.
    return ''
  }
}

/** The state folder that a command in another shell finds by itself, without what a service's unit sets. */
function foundHome({ env: { PUNKU_HOME: _home, STATE_DIRECTORY: _unit, ...env }, platform }: Start) {
  try {
    return resolveHome(env, platform)
  } catch {
    // A user without a home.
    return undefined
  }
}
