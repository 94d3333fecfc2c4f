import type { Context } from 'hono'
import { PunkuError } from '../../core/error.ts'

/** Aborted with `client_closed` when whoever asked leaves before the answer is whole: for what is long to read. */
export function leaving(context: Context): AbortSignal {
  const { signal } = context.req.raw
  const left = new AbortController()
  const leave = () => left.abort(new PunkuError('client_closed', 'The client left before its answer was whole.'))
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  return left.signal
}
