import { PunkuError } from '../../core/error.ts'

/** A change of a version that is not the newest. */
export function versionConflict(): PunkuError {
  return new PunkuError(
    'version_conflict',
    'Somebody else changed this since it was read. Read it again, and change what it is now.',
    { param: 'version' },
  )
}

/** An org that is not there, or not for whoever asks: both are told the same. */
export function orgNotFound(): PunkuError {
  return new PunkuError('not_found', 'You belong to no org of this id or slug.', { param: 'org' })
}
