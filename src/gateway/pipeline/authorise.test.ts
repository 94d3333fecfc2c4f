import { expect, test } from 'vitest'
import { ROUTES } from '../../servers/route-table.ts'
import type { Key } from '../access/key.ts'
import { routeRefusal } from './authorise.ts'

test('whoever is refused a route is told a flag that takes nothing else from the key', () => {
  const key = { routes: new Set(), allowsCloud: true } as unknown as Key
  const flags = (routeClass: string) =>
    ROUTES.filter((route) => route.class === routeClass).map(
      (route) => /--routes [a-z ]+/.exec(routeRefusal(key, route)?.message ?? '')?.[0],
    )
  expect(new Set(flags('manage'))).toEqual(new Set(['--routes inference metadata manage']))
  expect(new Set([...flags('inference'), ...flags('metadata')])).toEqual(new Set(['--routes inference metadata']))
})
