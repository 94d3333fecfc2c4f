import type { RequestBody } from '../../../src/contract/requests.ts'
import { StatePill } from '../parts/state-pill.tsx'

/** Codes that are the client's own doing: nothing here is broken. */
const LEFT = new Set(['client_closed', 'client_stalled'])

/** Whether a request came to its end, in a word or by its code. */
export function Outcome({ request }: { readonly request: Pick<RequestBody, 'status' | 'errorCode'> }) {
  const { status, errorCode } = request
  if (errorCode === null && status < 400) return <StatePill tone="good">{status}</StatePill>
  const isLeft = errorCode !== null && LEFT.has(errorCode)
  return <StatePill tone={isLeft ? 'warn' : 'bad'}>{errorCode ?? status}</StatePill>
}
