import { readdirSync, rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../config/config-error.ts'
import { ensurePrivateFolder } from '../config/home.ts'
import { upstreamUrl } from '../config/option-types.ts'
import { ownCommand } from '../config/own-command.ts'
import { isProfileName, profileFlag } from '../config/profile-name.ts'
import { readSecretFile, writeSecretFile } from '../config/secret-file.ts'
import { parseJson } from '../core/parse-json.ts'
import { Secret } from '../core/secret.ts'

const SUFFIX = '.json'

/** One pairing of this machine: which gateway, which model server, and what the agent proves itself with. */
export interface AgentProfile {
  /** As `parseProfileName` gives it. */
  readonly name: string
  /** Scheme, authority and base path of the gateway, without a trailing slash. */
  readonly gatewayUrl: string
  readonly tunnelId: string
  /** The tunnel's label when it was paired; its owner may have renamed it since. */
  readonly label: string
  /** The model server: scheme, authority and base path, without a trailing slash. */
  readonly upstreamUrl: string
  /** Absolute path of the file with the key that the model server asks for. */
  readonly upstreamKeyFile: string | undefined
  /** Absolute path of a PEM file with authorities to trust for the gateway, besides the usual ones. */
  readonly caFile: string | undefined
  /** Epoch milliseconds. */
  readonly pairedAt: number
  readonly refreshToken: Secret
}

const path = z.string().refine(isAbsolute, 'must be an absolute path')

const profileSchema = z.strictObject({
  gatewayUrl: z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be a URL'),
  tunnelId: z.string().min(1),
  label: z.string(),
  upstreamUrl: upstreamUrl(),
  upstreamKeyFile: path.optional(),
  caFile: path.optional(),
  pairedAt: z.iso.datetime(),
  // It is sent in a form and in a header: nothing but visible ASCII.
  refreshToken: z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be the token on one line'),
})

/** The names of all profiles of a state folder, sorted. Files that can be none are left out. */
export function listAgentProfiles(home: string): readonly string[] {
  return namesIn(folderOf(home))
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter(isProfileName)
    .sort()
}

/**
 * The profile of that name; `undefined` when there is none.
 * @throws ConfigError when its file is damaged, a link, or open to other users; the message says what to do.
 */
export function readAgentProfile(home: string, name: string): AgentProfile | undefined {
  const file = fileOf(home, name)
  const text = readSecretFile(file)
  if (text === undefined) return undefined
  const result = profileSchema.safeParse(parseJson(text))
  if (!result.success) {
    // The issue's own message names no value: one of them is the token.
    const fault = result.error.issues[0]?.path.join('.') || 'it is no JSON object'
    throw new ConfigError([
      `The profile '${name}' in ${file} is damaged (${fault}). Pair it anew: ${ownCommand(`pair URL${profileFlag(name)} --replace`, home)}`,
    ])
  }
  const { pairedAt, refreshToken, upstreamKeyFile, caFile, ...rest } = result.data
  return {
    ...rest,
    name,
    upstreamKeyFile,
    caFile,
    pairedAt: Date.parse(pairedAt),
    refreshToken: new Secret(refreshToken),
  }
}

/** Whether there is a file for the profile, be it damaged or not. */
export function hasAgentProfile(home: string, name: string): boolean {
  return listAgentProfiles(home).includes(name)
}

/** Writes the profile whole, for this user's eyes only, in place of the one of its name. The state folder must stand (`ensureHome`). */
export function writeAgentProfile(home: string, profile: AgentProfile): void {
  const { name, pairedAt, refreshToken, ...rest } = profile
  ensurePrivateFolder(folderOf(home))
  const stored = { ...rest, pairedAt: new Date(pairedAt).toISOString(), refreshToken: refreshToken.reveal() }
  writeSecretFile(
    fileOf(home, name),
    `${JSON.stringify(stored satisfies z.input<typeof profileSchema>, undefined, 2)}\n`,
  )
}

/**
 * Puts a refresh token in the place of `old`, in a file that is whole at every moment. One that was paired anew meanwhile, or
 * removed, is left as it is. Throws where the file cannot be read or written.
 */
export function replaceRefreshToken(
  home: string,
  { name, tunnelId }: Pick<AgentProfile, 'name' | 'tunnelId'>,
  { token, old }: { readonly token: Secret; readonly old: Secret },
): void {
  const stored = readAgentProfile(home, name)
  if (stored?.tunnelId !== tunnelId || stored.refreshToken.reveal() !== old.reveal()) return
  writeAgentProfile(home, { ...stored, refreshToken: token })
}

/** Removes the profile and with it this machine's only copy of its credential. `false` when there was none. */
export function removeAgentProfile(home: string, name: string): boolean {
  if (!hasAgentProfile(home, name)) return false
  rmSync(fileOf(home, name))
  return true
}

function folderOf(home: string): string {
  return join(home, 'secrets', 'agents')
}

function fileOf(home: string, name: string): string {
  return join(folderOf(home), `${name}${SUFFIX}`)
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new ConfigError([`The folder ${folder} cannot be read (${code}): check its rights and whose it is.`], {
      cause: error,
    })
  }
}
