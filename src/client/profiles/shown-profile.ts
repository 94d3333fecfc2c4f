import type { Secret } from '../../core/secret.ts'
import type { ClientProfile } from './client-profile.ts'

/** A profile without what must not be shown. */
export interface ShownProfile {
  readonly name: string
  readonly url: string
  readonly model: string | null
  /** The public id of its key; `null`: it is no key of Punku's form. */
  readonly key: string | null
}

/** What may be shown of a profile. */
export function shownProfile({ name, url, model, key }: ClientProfile): ShownProfile {
  return { name, url, model: model ?? null, key: publicKeyId(key) ?? null }
}

/** The part of a key that may be shown; `undefined`: it is no key of Punku's form. */
export function publicKeyId(key: Secret): string | undefined {
  return /^pk_([0-9a-z]+)_/.exec(key.reveal())?.[1]
}
