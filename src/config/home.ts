import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, posix, resolve, win32 } from 'node:path'
import { ConfigError } from './config-error.ts'
import type { Environment } from './environment.ts'

/** The configuration's file in the state folder. */
export const CONFIG_FILE_NAME = 'punku.yaml'

/** What is in a state folder and nowhere else: a folder that holds none of it is not ours to close. */
const OWN_NAMES: ReadonlySet<string> = new Set([CONFIG_FILE_NAME, 'punku.db', 'secrets', 'run'])

const STICKY = 0o1000

/**
 * The state folder's absolute path: the flag, `PUNKU_HOME`, the folder systemd made for a unit with
 * `StateDirectory=punku`, or the platform's own place. It need not exist.
 * @param accountHome the home folder of this user's account. Default: as the system has it
 * @throws ConfigError when no folder is named and the user has no home
 */
export function resolveHome(
  env: Environment,
  platform: NodeJS.Platform,
  flag?: string,
  accountHome: () => string = () => userInfo().homedir,
): string {
  const chosen = flag || env['PUNKU_HOME']
  if (chosen) return resolve(chosen)
  const userHome = folderOf(env['HOME'], platform) ?? folderOf(env['USERPROFILE'], platform) ?? homeOf(accountHome)
  switch (platform) {
    case 'darwin':
      return posix.join(userHome, 'Library', 'Application Support', 'punku')
    case 'win32':
      return win32.join(env['APPDATA'] || win32.join(userHome, 'AppData', 'Roaming'), 'punku')
    default:
      return serviceFolder(env['STATE_DIRECTORY']) ?? posix.join(configFolder(env, userHome), 'punku')
  }
}

/** A folder that a variable names; a relative one would be another from each folder that a command is run in. */
function folderOf(named: string | undefined, platform: NodeJS.Platform): string | undefined {
  const { isAbsolute } = platform === 'win32' ? win32 : posix
  return named !== undefined && isAbsolute(named) ? named : undefined
}

/** An id without an account, as containers run with, has no home. */
function homeOf(accountHome: () => string): string {
  try {
    return accountHome()
  } catch (error) {
    throw new ConfigError(
      ['This user has no home folder. Name a state folder with --home, or set PUNKU_HOME or HOME.'],
      { cause: error },
    )
  }
}

/** A service of another name passes its own folder on to all it starts: only one named for us is ours. */
function serviceFolder(list: string | undefined): string | undefined {
  return list?.split(':').find((path) => posix.isAbsolute(path) && posix.basename(path) === 'punku')
}

/** XDG Base Directory Specification: a relative path in the variable is invalid and ignored. */
function configFolder(env: Environment, userHome: string): string {
  const named = env['XDG_CONFIG_HOME']
  return named !== undefined && posix.isAbsolute(named) ? named : posix.join(userHome, '.config')
}

/**
 * Makes the state folder with `secrets/` and `run/`, all closed to other users, or closes those there are.
 * @throws ConfigError when the folder is another user's or holds a stranger's files, or when `secrets/` or `run/` is a
 * link: what is written there would land where somebody else decides.
 */
export function ensureHome(home: string): void {
  attempt(home, () => {
    // The folder itself may be a link: a person put it there.
    if (statSync(home, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new ConfigError([
        `${home} is a file, and the state folder has to be a folder. Choose another with --home or PUNKU_HOME, or move the file away.`,
      ])
    }
    makeFolder(home)
    const stats = statSync(home)
    refuseForeign(home, stats)
    if (isOpen(stats)) {
      if ((stats.mode & STICKY) !== 0) {
        throw new ConfigError([
          `${home} is a folder that several users share, as /tmp is. Choose a folder of its own, or close this one with: chmod 700 ${home}`,
        ])
      }
      const names = readdirSync(home)
      if (names.length > 0 && !names.some((name) => OWN_NAMES.has(name))) {
        throw new ConfigError([
          `${home} is open to other users and holds files that are not Punku's. Choose a folder of its own, or close this one with: chmod 700 ${home}`,
        ])
      }
      chmodSync(home, 0o700)
    }
    ensurePrivateFolder(join(home, 'secrets'))
    ensurePrivateFolder(join(home, 'run'))
  })
}

/**
 * Makes a folder that only this user can enter, in a parent that exists, or closes the one there is.
 * @throws ConfigError when the path is a link, no folder, or another user's.
 */
export function ensurePrivateFolder(path: string): void {
  attempt(path, () => {
    makeFolder(path)
    const stats = lstatSync(path)
    refuseForeign(path, stats)
    if (isOpen(stats)) chmodSync(path, 0o700)
  })
}

/** Node's own `recursive` goes round for ever where a folder takes no entries, as those in /proc. */
function makeFolder(path: string): void {
  const parent = dirname(path)
  if (parent !== path && statSync(parent, { throwIfNoEntry: false }) === undefined) makeFolder(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function refuseForeign(path: string, stats: Stats): void {
  if (!stats.isDirectory()) {
    throw new ConfigError([`${path} is a link or no folder. Remove it; a folder is made in its place.`])
  }
  const user = process.getuid?.()
  if (user !== undefined && stats.uid !== user) {
    throw new ConfigError([
      `${path} belongs to the user with the id ${stats.uid}, and this is ${user}. Run as that user, or give it to this one with: chown -R ${user} ${path}`,
    ])
  }
}

/** Whether anyone but the owner has a right on it. Windows keeps no such bits: the profile folder's own list guards it. */
function isOpen(stats: Stats): boolean {
  return process.platform !== 'win32' && (stats.mode & 0o077) !== 0
}

function attempt(path: string, run: () => void): void {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = (error as NodeJS.ErrnoException).code
    throw new ConfigError(
      [
        `The folder ${path} cannot be made or opened (${code}). Check its path and rights, or choose a state folder with --home.`,
      ],
      { cause: error },
    )
  }
}
