import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { CallQuery } from '../../../src/contract/client.ts'
import { HOUR_MS } from '../usage/time-range.ts'

/** Whatever narrows a list of requests, as it stands in the address. */
const FILTER_NAMES = [
  'key',
  'person',
  'model',
  'upstream',
  'client',
  'session',
  'outcome',
  'within',
  'since',
  'until',
] as const
export type FilterName = (typeof FILTER_NAMES)[number]
export type Filter = Readonly<Partial<Record<FilterName, string>>>
/** What is given as undefined is no longer there. */
export type FilterChange = Readonly<Partial<Record<FilterName, string | undefined>>>

/** The spans that end now, by the names they have in an address. Milliseconds. */
const WITHIN: Readonly<Record<string, number>> = { '1h': HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS }

/** What the gateway is asked for. */
export type RequestFilter = Omit<CallQuery<'listRequests'>, 'after' | 'before' | 'limit'>

/** The filter in the address, and how to change it. */
export function useFilter(): readonly [Filter, (change: FilterChange) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const text = JSON.stringify(filterOf(search))
  const filter = useMemo(() => JSON.parse(text) as Filter, [text])
  const change = useCallback(
    (changed: FilterChange) =>
      void navigate({ to: '.', search: { ...filter, ...changed }, replace: true, resetScroll: false }),
    [navigate, filter],
  )
  return [filter, change]
}

/** The filter in the values of an address; whatever else stands there is left out. */
export function filterOf(search: Readonly<Record<string, unknown>>): Filter {
  const filter: Partial<Record<FilterName, string>> = {}
  for (const name of FILTER_NAMES) {
    const value = search[name]
    if (typeof value === 'string' && value !== '') filter[name] = value
  }
  return filter
}

/**
 * The filter as the gateway takes it. A time or an outcome that is none is left out: the address may have been typed.
 *
 * @param now epoch milliseconds, what `within` counts back from
 */
export function requestFilter(filter: Filter, now: number): RequestFilter {
  const { within, since, until, outcome, ...rest } = filter
  const span = within === undefined ? undefined : WITHIN[within]
  return {
    ...rest,
    ...(outcome === 'ok' || outcome === 'error' ? { outcome } : {}),
    ...(span === undefined ? timeOf('since', since) : { since: new Date(now - span).toISOString() }),
    ...timeOf('until', until),
  }
}

function timeOf<Name extends string>(name: Name, text: string | undefined): { [Key in Name]?: string } {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? {} : ({ [name]: new Date(at).toISOString() } as { [Key in Name]: string })
}
