import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Secret } from '../core/secret.ts'
import { ConfigError } from './config-error.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'

const PEPPER_BYTES = 32

/**
 * The secret under which keys are hashed: 32 random bytes in base64url, at `secrets/pepper` in the state folder, made
 * on first use. The folder must stand (`ensureHome`).
 * @throws ConfigError when the file is damaged or open to other users. It is never replaced: every key would die.
 */
export function loadPepper(home: string): Secret {
  const path = join(home, 'secrets', 'pepper')
  const found = readSecretFile(path)
  if (found === undefined) createSecretFile(path, `${randomBytes(PEPPER_BYTES).toString('base64url')}\n`)
  // Read again: another process may have been first.
  const text = (found ?? readSecretFile(path) ?? '').trim()
  if (!/^[A-Za-z0-9_-]+$/.test(text) || Buffer.from(text, 'base64url').length !== PEPPER_BYTES) {
    throw new ConfigError([
      `${path} is damaged. Put it back from a backup; without it no key made so far is valid. To start anew, remove it and make new keys.`,
    ])
  }
  return new Secret(text)
}
