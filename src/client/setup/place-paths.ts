import { posix, win32 } from 'node:path'
import type { SetupPlaces } from './setup-plan.ts'

/** A path in the user's home folder. */
export function inUserHome({ userHome, platform }: SetupPlaces, ...names: readonly string[]): string {
  return pathsOf(platform).join(userHome, ...names)
}

/** A path in the folder that a variable names, where it names an absolute one; else in one of the user's home. */
export function inNamedFolder(
  places: SetupPlaces,
  variable: string,
  homeFolder: readonly string[],
  ...names: readonly string[]
): string {
  const { isAbsolute, join } = pathsOf(places.platform)
  const named = places.env[variable]
  const folder = named !== undefined && isAbsolute(named) ? named : inUserHome(places, ...homeFolder)
  return join(folder, ...names)
}

/** A path in the folder of programs' settings: `XDG_CONFIG_HOME`, else `~/.config`. */
export function inConfigFolder(places: SetupPlaces, ...names: readonly string[]): string {
  return inNamedFolder(places, 'XDG_CONFIG_HOME', ['.config'], ...names)
}

/** A path in the folder of programs' settings on Windows: `APPDATA`. */
export function inAppData(places: SetupPlaces, ...names: readonly string[]): string {
  return inNamedFolder(places, 'APPDATA', ['AppData', 'Roaming'], ...names)
}

/** A path in Punku's own state folder. */
export function inStateFolder({ stateFolder, platform }: SetupPlaces, ...names: readonly string[]): string {
  return pathsOf(platform).join(stateFolder, ...names)
}

function pathsOf(platform: NodeJS.Platform) {
  return platform === 'win32' ? win32 : posix
}
