import type { VersionClaim } from './known-versions.ts'
import { claimOf } from './known-versions.ts'
import type { Trial } from './trials.ts'

/** What is known of one installed version. */
export interface VersionVerdict {
  readonly name: string
  /** `undefined`: it could not be read. */
  readonly version: string | undefined
  /** `untried`: nothing is known, and nothing was tried. */
  readonly state: VersionClaim['state'] | 'untried' | 'unreadable'
  readonly said: string
  /** How it is known; `undefined`: it is not. */
  readonly evidence: string | undefined
}

/** What is known of a version, by the list of Punku's own, else by what was tried on this machine. */
export function verdictOf(
  name: string,
  version: string | undefined,
  { trials, punku }: { readonly trials: readonly Trial[]; readonly punku: string },
): VersionVerdict {
  if (version === undefined) {
    return { name, version, state: 'unreadable', said: 'Its version cannot be read.', evidence: undefined }
  }
  const claim = claimOf(name, version)
  if (claim !== undefined) return { name, version, state: claim.state, said: claim.said, evidence: claim.evidence }
  const trial = trials.find((tried) => tried.tool === name && tried.version === version && tried.punku === punku)
  if (trial === undefined) {
    return { name, version, state: 'untried', said: 'It was never tried with this Punku.', evidence: undefined }
  }
  return {
    name,
    version,
    state: trial.isWorking ? 'works' : 'broken',
    said: trial.isWorking ? 'It answered a question.' : trial.said,
    evidence: `tried here on ${new Date(trial.at).toISOString().slice(0, 10)}`,
  }
}
