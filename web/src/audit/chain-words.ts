import type { ChainCheckBody } from '../../../src/contract/audit.ts'

const CHAINS: Readonly<Record<ChainCheckBody['chain'], { readonly name: string; readonly rows: string }>> = {
  audit: { name: 'The audit', rows: 'entries' },
  requests: { name: 'The requests', rows: 'rows' },
}
const FAULTS: Readonly<Record<NonNullable<ChainCheckBody['fault']>['kind'], string>> = {
  changed: 'was changed after it was written',
  missing: 'is missing',
  added: 'was put in later',
  anchor: 'does not fit to where the chain was written to begin or end',
}

/** What a check found, as a heading and a sentence. */
export function chainWords({ chain, isWhole, checked, uncovered, fault }: ChainCheckBody): {
  readonly title: string
  readonly detail: string
} {
  const { name, rows } = CHAINS[chain]
  const older =
    uncovered === 0
      ? ''
      : ` ${uncovered.toLocaleString()} are from before there was such a chain: whether they were changed nobody can say.`
  if (isWhole || fault === null) {
    const looked = `${checked.toLocaleString()} ${rows} were looked at. None was changed, removed or put in.`
    return { title: `${name}: whole`, detail: looked + older }
  }
  const good = `${checked.toLocaleString()} ${rows} are as they were written.`
  return {
    title: `${name}: broken at ${fault.seq}`,
    detail: `Number ${fault.seq} ${FAULTS[fault.kind]}. ${fault.detail} ${good}${older}`,
  }
}
