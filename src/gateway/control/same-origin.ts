import type { Context } from 'hono'
import { PunkuError } from '../../core/error.ts'
import { isOriginAllowed } from '../../http/origin.ts'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Refuses what a page of another site may have made a browser send with its cookies: by `Sec-Fetch-Site`, which pages
 * cannot forge, and by `Origin`. What changes something has to carry one of the two, unless it carries a token of its
 * own, which no other page has.
 *
 * @param publicUrl where the gateway is reached from elsewhere, if that was set
 * @throws PunkuError `origin_not_allowed`
 */
export function requireSameOrigin(context: Context, publicUrl: string | undefined): void {
  const { req } = context
  const site = req.header('sec-fetch-site')
  const origin = req.header('origin')
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none'
  const ownOrigins = publicUrl === undefined ? [] : [new URL(publicUrl).origin]
  if (isForeignSite || !isOriginAllowed(origin, req.header('host'), ownOrigins)) {
    throw new PunkuError(
      'origin_not_allowed',
      "Another site's page sent this. Open the dashboard of the gateway itself.",
    )
  }
  const isVouchedFor = site === 'same-origin' || origin !== undefined || req.header('authorization') !== undefined
  if (SAFE_METHODS.has(req.method) || isVouchedFor) return
  throw new PunkuError(
    'origin_not_allowed',
    'This change says neither which page it is from, nor does it carry a token. Send it with `authorization`.',
  )
}
