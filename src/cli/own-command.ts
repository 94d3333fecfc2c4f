import { dirname, join } from 'node:path'

/** How this process was started. */
export interface Start {
  /** The program's file. */
  readonly main: string
  /** The folder it was started in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** The state folder; `undefined`: the one that a command finds by itself. */
  readonly home: string | undefined
}

const SOURCE = /[\\/]src[\\/]cli[\\/]main\.ts$/

/** Commands of this program as they are typed where it was started, so that they reach the same state folder. */
export function ownCommand({ home, ...start }: Start): (words: string) => string {
  const program = programOf(start)
  const place = home === undefined ? '' : ` --home ${shellWord(home)}`
  return (words) => `${program} ${words}${place}`
}

function programOf({ main, cwd, env, platform }: Omit<Start, 'home'>): string {
  const isCheckout = SOURCE.test(main)
  if (isCheckout && platform !== 'win32') {
    const root = dirname(dirname(dirname(main)))
    return cwd === root ? './punku' : shellWord(join(root, 'punku'))
  }
  return isCheckout || env['npm_command'] === 'exec' ? 'npx punku' : 'punku'
}

function shellWord(text: string): string {
  return /^[\w./:@\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
