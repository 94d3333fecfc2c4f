import { readFileSync } from 'node:fs'
import { PACKAGE_FOLDER } from './package-folder.ts'

/** The package's version, as in `package.json`. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('package.json', PACKAGE_FOLDER), 'utf8')) as { version: string }
).version

/** What gateway and agent call themselves, to each other and to model servers. */
export const SOFTWARE = `punku/${VERSION}`
