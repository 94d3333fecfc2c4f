import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Secret } from '../core/secret.ts'
import { ConfigError } from './config-error.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'

const PEPPER_BYTES = 32

/** Where the pepper of a state folder is: the secret under which keys are hashed. */
export function pepperPath(home: string): string {
  return join(home, 'secrets', 'pepper')
}

/**
 * The pepper of a state folder: 32 random bytes in base64url. `undefined` when there is none yet.
 * @throws ConfigError when the file is damaged or open to other users. It is never replaced: every key would die.
 */
export function readPepper(home: string): Secret | undefined {
  const path = pepperPath(home)
  const text = readSecretFile(path)
  if (text === undefined) return undefined
  const pepper = parsePepper(text)
  if (pepper !== undefined) return pepper
  throw new ConfigError([
    `${path} is damaged. Put it back from a backup; without it no key made so far is valid. To start anew, remove it and make new keys.`,
  ])
}

/** Makes the pepper of a state folder, which must stand (`ensureHome`); of two processes at once both get the same. */
export function createPepper(home: string): Secret {
  createSecretFile(pepperPath(home), `${randomBytes(PEPPER_BYTES).toString('base64url')}\n`)
  // Read again: another process may have been first.
  return readPepper(home) ?? createPepper(home)
}

/** The pepper that a file's text holds; `undefined` for what is none. */
export function parsePepper(given: string): Secret | undefined {
  const text = given.trim()
  const isPepper = /^[A-Za-z0-9_-]+$/.test(text) && Buffer.from(text, 'base64url').length === PEPPER_BYTES
  return isPepper ? new Secret(text) : undefined
}
