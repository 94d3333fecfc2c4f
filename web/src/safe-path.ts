const OWN = /^\/(?:ui(?:\/|$)|connect$)/

/**
 * Where a sign-in may lead afterwards: a page of this dashboard. Anything else, such as another site, is the overview.
 * @param origin this page's own, as in `https://punku.example`
 */
export function safePath(to: string | undefined, origin: string): string {
  if (to === undefined || !URL.canParse(to, origin)) return '/ui/'
  const url = new URL(to, origin)
  if (url.origin !== origin || !OWN.test(url.pathname)) return '/ui/'
  return `${url.pathname}${url.search}`
}
