import { PunkuError } from '../../core/error.ts'

interface EndedWords {
  /** How one is named where what waits is listed, before its id. */
  readonly name: string
  /** What has taken effect. */
  readonly effect: string
  /** What would be good again. */
  readonly left: string
  /** How it is seen that it is stored. */
  readonly check: string
}

const NAMED_UNTIL_STORED = '`punku status` names what waits'

const WORDS = {
  key: {
    name: 'key',
    effect: 'The key opens nothing here any more',
    left: 'it',
    check: 'revoke the key again to see that it is stored',
  },
  tunnel: {
    name: 'tunnel',
    effect: 'The tunnel opens nothing here any more',
    left: 'it',
    check: 'revoke the tunnel again to see that it is stored',
  },
  session: { name: 'session', effect: 'The session has ended here', left: 'it', check: NAMED_UNTIL_STORED },
  sessions: {
    name: 'sessions of',
    effect: 'The other sessions have ended here',
    left: 'they',
    check: NAMED_UNTIL_STORED,
  },
  member: {
    name: 'membership of',
    effect: 'The person is no member here any more, and their keys of this org open nothing',
    left: 'they',
    check: NAMED_UNTIL_STORED,
  },
  reset: {
    name: 'reset of',
    effect: 'The sessions of this person have ended here, and nobody signs in as them',
    left: 'sessions, password and second factor',
    check: 'reset the account again: a link can be given only then',
  },
  account: {
    name: 'account',
    effect: 'The account signs nobody in here any more, and its keys open nothing',
    left: 'it and they',
    check: NAMED_UNTIL_STORED,
  },
} as const satisfies Record<string, EndedWords>

/** What can be ended here though it cannot be stored. */
export type EndedKind = keyof typeof WORDS

/** `key 66tqn02gq0` */
export function endedName(what: EndedKind, id: string): string {
  return `${WORDS[what].name} ${id}`
}

/** Something has ended in this process, and that is not stored. */
export function revokedUnstored(what: EndedKind, cause: unknown): PunkuError {
  const { effect, left, check } = WORDS[what]
  return new PunkuError(
    'revoked_unstored',
    `${effect}, but that could not be stored: were the gateway stopped now, ${left} would be good again. It is tried again every few seconds; mend the database, and ${check}.`,
    { cause },
  )
}
