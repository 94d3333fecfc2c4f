import { PunkuError } from '../../core/error.ts'
import type { HeaderView } from '../../http/headers.ts'

/** By which a client says which upstream it means, by id or label; answers have it too, with the id of who answered. */
const UPSTREAM_HEADER = 'x-punku-upstream'

/**
 * The upstream that a request names; `undefined`: it leaves the choice to the gateway.
 * @throws PunkuError `ambiguous_request` for more than one name, `invalid_request` for an empty one: an upstream that was
 * meant and is not said must not become any.
 */
export function pinnedName(headers: HeaderView): string | undefined {
  const name = headers.get(UPSTREAM_HEADER)
  if (name === undefined) return undefined
  if (new Set(headers.all(UPSTREAM_HEADER)).size > 1) {
    throw new PunkuError('ambiguous_request', `The header '${UPSTREAM_HEADER}' names two upstreams. Name one.`)
  }
  if (name.trim() !== '') return name
  throw new PunkuError(
    'invalid_request',
    `The header '${UPSTREAM_HEADER}' is empty. Name an upstream by its id or label, or leave the header out.`,
  )
}
