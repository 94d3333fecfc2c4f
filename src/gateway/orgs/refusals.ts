import { PunkuError } from '../../core/error.ts'

/** A change of a version that is not the newest. */
export function versionConflict(): PunkuError {
  return new PunkuError(
    'version_conflict',
    'Somebody else changed this since it was read. Read it again, and change what it is now.',
    { param: 'version' },
  )
}

/**
 * An org that is not there, or not for whoever asks: both are told the same.
 * @param seesAll whoever asks may work in every org: it is not there. Default: that is not said
 */
export function orgNotFound({ seesAll = false }: { readonly seesAll?: boolean } = {}): PunkuError {
  const message = seesAll
    ? 'This gateway has no org of this id or slug. `punku orgs list` shows those there are.'
    : 'You belong to no org of this id or slug.'
  return new PunkuError('not_found', message, { param: 'org' })
}
