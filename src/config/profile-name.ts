import { PunkuError } from '../core/error.ts'

/** The profile of whoever names none. */
export const DEFAULT_PROFILE_NAME = 'default'

/** Starts with a letter or digit: the file's name must not be hidden, nor lead out of its folder. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/

/** Whether a text is a profile's name in its one spelling. */
export function isProfileName(text: string): boolean {
  return NAME.test(text)
}

/**
 * A profile's name in its one spelling: lower case, for file systems that know no other difference.
 * @throws PunkuError `invalid_request` when it can be none.
 */
export function parseProfileName(text: string): string {
  const name = text.toLowerCase()
  if (isProfileName(name)) return name
  throw new PunkuError(
    'invalid_request',
    "A profile's name is 1 to 32 letters, digits or `._-`, and starts with a letter or digit.",
    { param: 'profile' },
  )
}

/** What a command line needs to name the profile, with a space before it; empty for the default one. */
export function profileFlag(name: string): string {
  return name === DEFAULT_PROFILE_NAME ? '' : ` --profile ${name}`
}
