import { PunkuError } from '../../core/error.ts'
import { KEY_LENGTH } from './key-text.ts'

/** What is no key at all. */
export const keyMalformed = (): PunkuError =>
  new PunkuError('key_malformed', 'This is no key of this gateway: its keys start with `pk_`. Check what was copied.')

/** What was meant as a key of this gateway and is not a whole one. Whether there is one that begins so is not said. */
export const keyDamaged = (): PunkuError =>
  new PunkuError(
    'key_malformed',
    `This key is incomplete or damaged: one of this gateway is \`pk_<id>_<secret>\`, ${KEY_LENGTH} characters, without capitals. Check that all of it was copied, and nothing beside it.`,
  )

/** An unknown id and a wrong secret alike. */
export const keyUnknown = (): PunkuError =>
  new PunkuError(
    'key_unknown',
    'This gateway does not know this key. Check that all of it was copied, or have one made with `punku keys create`.',
  )

/** A key that was ended, or is gone. */
export const keyRevoked = (): PunkuError =>
  new PunkuError('key_revoked', 'This key was revoked. Ask whoever runs the gateway for another.')

/** A key whose time is over. */
export const keyExpired = (): PunkuError =>
  new PunkuError('key_expired', 'This key has expired. Ask whoever runs the gateway for another.')

/** A secret whose grace after a rotation is over. */
export const secretRotated = (): PunkuError =>
  new PunkuError(
    'key_expired',
    'This key was rotated and its old secret no longer works. Use the text that the rotation gave.',
  )

/** A good key from where it may not be used. */
export const networkNotAllowed = (): PunkuError =>
  new PunkuError('network_not_allowed', 'This key may not be used from this network. Its owner can say from where.')
