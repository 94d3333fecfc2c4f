import { PunkuError } from '../../core/error.ts'

const MAX_LENGTH = 64
/** A dash and seven digits: no org has so many tunnels. */
const MAX_SUFFIX_LENGTH = 8
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** How ids and tokens begin: a label that did would stand for another tunnel, or show a token that was put in the wrong place. */
const RESERVED = /^(?:tun|p[a-z])_/
/** What a tunnel is called whose machine has no name that could serve. */
const NAMELESS = 'tunnel'

/** The label as it is. Throws `invalid_request` with `param` `label` for a text that can be none. */
export function requireLabel(text: string): string {
  if (LABEL.test(text) && !RESERVED.test(text)) return text
  throw new PunkuError(
    'invalid_request',
    "A tunnel's label is 1 to 64 letters, digits or `._-`, starts with a letter or digit, and not with `tun_` or `pt_`.",
    { param: 'label' },
  )
}

/** A label made from the name of a machine: what cannot stand in one becomes a dash. */
export function labelFrom(machineName: string): string {
  const label = machineName
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[._-]+$/, '')
  return LABEL.test(label) && !RESERVED.test(label) ? label : NAMELESS
}

/** What all that `freeLabel` may give for a label begin with. */
export function labelStart(label: string): string {
  return label.slice(0, MAX_LENGTH - MAX_SUFFIX_LENGTH)
}

/** The label, or where it is taken the first free one of `label-2`, `label-3` …, shortened to have room for that. */
export function freeLabel(label: string, taken: ReadonlySet<string>): string {
  let free = label
  for (let number = 2; taken.has(free); number++) {
    const suffix = `-${number}`
    free = label.slice(0, MAX_LENGTH - suffix.length) + suffix
  }
  return free
}

/** The error for a label that another live tunnel of the org has. */
export function labelTaken(label: string): PunkuError {
  return new PunkuError(
    'invalid_request',
    `A tunnel with the label "${label}" exists. Choose another, or rotate or revoke that one.`,
    { param: 'label' },
  )
}
