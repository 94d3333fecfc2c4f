import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { ownCommand } from '../../config/own-command.ts'
import { isProfileName, parseProfileName } from '../../config/profile-name.ts'
import { readSecretFile, writeSecretFile } from '../../config/secret-file.ts'
import { PunkuError } from '../../core/error.ts'
import { parseJson } from '../../core/parse-json.ts'
import { Secret } from '../../core/secret.ts'

/** A way to the models of a gateway from this workstation: what tools are run and set up with. */
export interface ClientProfile {
  readonly name: string
  /** Scheme, authority and base path of the gateway, without a trailing slash. */
  readonly url: string
  readonly key: Secret
  /** Further authorities to trust for the gateway's certificate, an absolute path; `undefined`: none. */
  readonly caFile: string | undefined
  /** The model that tools are given where none is asked for; `undefined`: none is chosen. */
  readonly model: string | undefined
}

const profileSchema = z.strictObject({
  name: z.string().refine(isProfileName, 'must be the name of a profile'),
  url: z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be a URL'),
  // It is sent in a header: nothing but visible ASCII.
  key: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be the key on one line'),
  caFile: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  model: z.string().min(1).max(512).optional(),
})
const MAX_PROFILES = 100
const fileSchema = z.strictObject({ profiles: z.array(profileSchema).max(MAX_PROFILES) })

/**
 * The profiles of this user, the last one that was written first.
 * @throws ConfigError when the file is damaged, a link, or open to other users; the message says what to do.
 */
export function readClientProfiles(home: string): readonly ClientProfile[] {
  const file = clientProfilesFile(home)
  const text = readSecretFile(file)
  if (text === undefined) return []
  const result = fileSchema.safeParse(parseJson(text))
  if (!result.success) {
    // The issue's own message names no value: one of them is a key.
    const fault = result.error.issues[0]?.path.join('.') || 'it is no JSON object'
    throw new ConfigError([
      `${file} is damaged (${fault}). Remove it, and give the gateway and key anew: ${ownCommand('login URL', home)}`,
    ])
  }
  return result.data.profiles.map(({ name, url, key, caFile, model }) => ({
    name,
    url,
    key: new Secret(key),
    caFile,
    model,
  }))
}

/**
 * The profile a command means: the one it names, else the one that was written last.
 * @throws ConfigError when there is none, or none of that name; the message says what to do. PunkuError `invalid_request`
 * for a name that can be none.
 */
export function chooseClientProfile(home: string, asked: string | undefined): ClientProfile {
  const profiles = readClientProfiles(home)
  const name = asked === undefined ? undefined : parseProfileName(asked)
  const profile = name === undefined ? profiles[0] : profiles.find((known) => known.name === name)
  if (profile !== undefined) return profile
  const flag = name === undefined ? '' : ` --profile ${name}`
  const login = ownCommand(`login URL${flag}`, home)
  throw new ConfigError([
    profiles.length === 0
      ? `No gateway and key are kept for this user. Give them: ${login} (on the gateway's own machine: ${ownCommand(`login${flag}`, home)})`
      : `There is no profile '${name}'. There is: ${profiles.map((known) => known.name).join(', ')}. Make it: ${login}`,
  ])
}

/** The key that a profile has by now, where it is still of that gateway; `undefined`: it is gone, or cannot be read. */
export function renewedProfileKey(
  home: string,
  { name, url }: Pick<ClientProfile, 'name' | 'url'>,
): Secret | undefined {
  try {
    return readClientProfiles(home).find((known) => known.name === name && known.url === url)?.key
  } catch {
    return undefined
  }
}

/**
 * Puts a profile first, in place of the one of its name. The state folder must stand (`ensureHome`).
 * @throws PunkuError `invalid_request` for one that could not be read again, or one too many: nothing is written then
 */
export function writeClientProfile(home: string, profile: ClientProfile): void {
  write(home, [profile, ...readClientProfiles(home).filter(({ name }) => name !== profile.name)])
}

/** Forgets a profile; `false` when there was none of that name. */
export function removeClientProfile(home: string, name: string): boolean {
  const profiles = readClientProfiles(home)
  const kept = profiles.filter((profile) => profile.name !== name)
  if (kept.length === profiles.length) return false
  write(home, kept)
  return true
}

function write(home: string, profiles: readonly ClientProfile[]): void {
  if (profiles.length > MAX_PROFILES) {
    throw new PunkuError(
      'invalid_request',
      `${MAX_PROFILES} profiles are kept already. End one that nobody uses: ${ownCommand('logout --profile NAME', home)}`,
      { param: 'profile' },
    )
  }
  const content = { profiles: profiles.map(({ key, ...rest }) => ({ ...rest, key: key.reveal() })) }
  const { error } = fileSchema.safeParse(content)
  // What is written must be read again: else every profile would be lost.
  if (error !== undefined) {
    const [issue] = error.issues
    throw new PunkuError(
      'invalid_request',
      `This profile cannot be kept: ${String(issue?.path.at(-1))} ${issue?.message}.`,
    )
  }
  writeSecretFile(
    clientProfilesFile(home),
    `${JSON.stringify(content satisfies z.input<typeof fileSchema>, undefined, 2)}\n`,
  )
}

/** Where the profiles of this user are kept, in the state folder. */
export function clientProfilesFile(home: string): string {
  return join(home, 'secrets', 'client-profiles.json')
}
