import type { ControlClient } from './client.ts'

/** By which a command at the gateway's own machine says which org it means, by id or slug. Over HTTP it means nothing. */
export const ORG_HEADER = 'x-punku-org'

/** A way to the control API, whoever answers it; disposing it ends the way. */
export interface ControlAccess extends AsyncDisposable {
  readonly client: ControlClient
  /** A gateway runs and answers; else its database is open in this process. */
  readonly isLive: boolean
  /** Where the gateway was reached, without a trailing slash; `undefined`: on its own machine. */
  readonly url: string | undefined
}

/** The request with the org that is meant; `undefined`: the one that is there from the start. */
export function withOrg(init: RequestInit, org: string | undefined): RequestInit {
  if (org === undefined) return init
  return { ...init, headers: { ...(init.headers as Readonly<Record<string, string>> | undefined), [ORG_HEADER]: org } }
}
