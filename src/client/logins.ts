import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../config/config-error.ts'
import { ownCommand } from '../config/own-command.ts'
import { readSecretFile, writeSecretFile } from '../config/secret-file.ts'
import { parseJson } from '../core/parse-json.ts'
import { Secret } from '../core/secret.ts'

/** A gateway elsewhere at which this user is signed in. */
export interface Login {
  /** Scheme, authority and base path of the gateway, without a trailing slash. */
  readonly url: string
  readonly token: Secret
  /** Further authorities to trust for its certificate, an absolute path; `undefined`: none. */
  readonly caFile: string | undefined
  /** Who is signed in, for people to read. */
  readonly email: string
  /** Epoch milliseconds. */
  readonly signedInAt: number
}

const loginSchema = z.strictObject({
  url: z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be a URL'),
  // It is sent in a header: nothing but visible ASCII.
  token: z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be the token on one line'),
  caFile: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  email: z.string(),
  signedInAt: z.iso.datetime(),
})
const fileSchema = z.strictObject({ logins: z.array(loginSchema).max(100) })

/**
 * The gateways this user is signed in at, the last one first.
 * @throws ConfigError when the file is damaged, a link, or open to other users; the message says what to do.
 */
export function readLogins(home: string): readonly Login[] {
  const file = fileOf(home)
  const text = readSecretFile(file)
  if (text === undefined) return []
  const result = fileSchema.safeParse(parseJson(text))
  if (!result.success) {
    // The issue's own message names no value: one of them is a token.
    const fault = result.error.issues[0]?.path.join('.') || 'it is no JSON object'
    throw new ConfigError([
      `${file} is damaged (${fault}). Remove it, and sign in anew: ${ownCommand('login URL', home)}`,
    ])
  }
  return result.data.logins.map(({ token, signedInAt, caFile, ...rest }) => ({
    ...rest,
    caFile,
    token: new Secret(token),
    signedInAt: Date.parse(signedInAt),
  }))
}

/** Puts a login first, in place of the one for its gateway. The state folder must stand (`ensureHome`). */
export function writeLogin(home: string, login: Login): void {
  write(home, [login, ...readLogins(home).filter(({ url }) => url !== login.url)])
}

/** Forgets the login for a gateway; `false` when there was none. */
export function removeLogin(home: string, url: string): boolean {
  const logins = readLogins(home)
  const kept = logins.filter((login) => login.url !== url)
  if (kept.length === logins.length) return false
  write(home, kept)
  return true
}

function write(home: string, logins: readonly Login[]): void {
  const stored = logins.map(({ token, signedInAt, ...rest }) => ({
    ...rest,
    token: token.reveal(),
    signedInAt: new Date(signedInAt).toISOString(),
  }))
  const content = { logins: stored } satisfies z.input<typeof fileSchema>
  writeSecretFile(fileOf(home), `${JSON.stringify(content, undefined, 2)}\n`)
}

function fileOf(home: string): string {
  return join(home, 'secrets', 'logins.json')
}
