import { join } from 'node:path'
import { readSecretFile } from '../../config/secret-file.ts'

/**
 * The text of a profile's key, for programs that ask a command for it: read without a schema, as they wait. What the file
 * has not in its plain form is `undefined`: `chooseClientProfile` says what is wrong with it.
 * @param asked the profile's name. Default: the one that was written last
 * @throws ConfigError when the file is a link, or open to other users.
 */
export function profileKeyText(home: string, asked: string | undefined): string | undefined {
  const text = readSecretFile(join(home, 'secrets', CLIENT_PROFILES_FILE))
  if (text === undefined) return undefined
  try {
    const { profiles } = JSON.parse(text) as { profiles: readonly { name: unknown; key: unknown }[] }
    const key = (asked === undefined ? profiles[0] : profiles.find(({ name }) => name === asked))?.key
    return typeof key === 'string' && /^[\x21-\x7e]{1,512}$/.test(key) ? key : undefined
  } catch {
    return undefined
  }
}

/** The file of all profiles in the folder of secrets. */
const CLIENT_PROFILES_FILE = 'client-profiles.json'
