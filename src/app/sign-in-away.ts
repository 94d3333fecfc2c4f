import { PunkuError } from '../core/error.ts'
import type { SessionKeeper } from '../people/session-keeper.ts'
import type { SetupLinks } from '../people/setup-link.ts'

/** Stands in for sign-in where no gateway runs: accounts and sessions are changed by one that does. */
export const SIGN_IN_AWAY: SessionKeeper = {
  entranceFor: away,
  createPerson: away,
  removePerson: away,
  startSession: away,
  listSessions: away,
  endSession: away,
  endSessions: away,
  resetLink: away,
  hasPassword: away,
  hasTwoFactor: away,
}

/** The links for the first person are in the memory of a running gateway. */
export const NO_SETUP_LINKS: Pick<SetupLinks, 'issue' | 'take'> = { issue: away, take: away }

function away(): never {
  throw new PunkuError(
    'gateway_not_running',
    'Accounts and sessions are kept by a running gateway, and none runs with this state folder. Start one with `punku serve`.',
  )
}
