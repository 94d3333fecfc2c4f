import { describe, expect, test } from 'vitest'
import type { ServerHealth } from '../../servers/server.ts'
import type { Key } from '../access/key.ts'
import type { ActiveKeys } from '../access/key-service.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import type { Tunnel } from '../relay/tunnel.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { attentionOf, type LinkedTunnel, type OrgFacts } from './attention.ts'

const NOW = Date.UTC(2026, 0, 31)
const DAY_MS = 86_400_000

const UP = { state: 'up', checkedAt: NOW, reason: '' } as const
const DOWN = { state: 'down', checkedAt: NOW, reason: 'refused the connection' } as const

/** What the notes are made from: no more of each thing is read. */
const upstream = ({ health = UP, ...given }: Partial<Upstream> & { readonly health?: ServerHealth } = {}) =>
  ({ id: 'up_1', label: 'studio', via: 'direct', known: { health }, ...given }) as Upstream
const tunnel = (link: Partial<LinkStatus> | undefined, given: Partial<Tunnel> = {}): LinkedTunnel => ({
  tunnel: { id: 'tun_1', label: 'cellar', pairedAt: 1, lastSeenAt: NOW - 60_000, ...given } as Tunnel,
  link: link && ({ tunnelId: 'tun_1', since: NOW - 5_000, ...link } as LinkStatus),
})
const endingKey = (expiresAt: number) => ({ id: 'k1', name: 'alice', createdAt: 0, expiresAt }) as Key
/** Some active keys, of which some end soon. */
const keysOf = (count: number, first: readonly Key[] = [], endingSoon = first.length): ActiveKeys => ({
  count,
  endingSoon: { count: endingSoon, first },
})

const told = (given: Partial<OrgFacts> = {}) =>
  attentionOf({
    troubles: [],
    upstreams: [upstream()],
    exposed: new Set(),
    tunnels: [],
    keys: keysOf(1),
    now: NOW,
    ...given,
  })

test('nothing, where all is well', () => {
  const tunnelled = upstream({ id: 'tun_1', via: 'tunnel' })
  expect(told({ upstreams: [upstream(), tunnelled], tunnels: [tunnel({ state: 'connected' })] })).toEqual([])
})

test('an upstream that others reach around the gateway', () => {
  expect(told({ exposed: new Set(['up_1', 'up_9']) })).toMatchObject([
    { kind: 'upstream_exposed', severity: 'danger', targetId: 'up_1', text: expect.stringContaining('studio') },
  ])
})

test('an upstream that is down, and not one that was not asked yet', () => {
  const unprobed = upstream({ health: { state: 'unprobed', checkedAt: 0, reason: '' } })
  expect(told({ upstreams: [unprobed] })).toEqual([])
  expect(told({ upstreams: [upstream({ health: DOWN })] })).toMatchObject([
    { kind: 'upstream_down', severity: 'warning', text: expect.stringContaining('refused the connection') },
  ])
})

describe('an agent', () => {
  const upstreams = [upstream({ id: 'tun_1', via: 'tunnel', health: DOWN })]

  test('that is away, since when, and then not its server', () => {
    expect(told({ upstreams, tunnels: [tunnel({ state: 'away' })] })).toMatchObject([
      { kind: 'agent_away', severity: 'warning', targetId: 'tun_1', since: '2026-01-30T23:59:55.000Z' },
    ])
  })

  test.each([
    ['no link was there since the start', { state: 'away', since: 0 } as const],
    ['nothing is known of its link', undefined],
  ])('was last seen, where %s', (_, link) => {
    expect(told({ upstreams, tunnels: [tunnel(link)] })).toMatchObject([{ since: '2026-01-30T23:59:00.000Z' }])
    const neverSeen = tunnel(link, { lastSeenAt: undefined })
    expect(told({ upstreams, tunnels: [neverSeen] })).toMatchObject([{ kind: 'agent_away', since: null }])
  })

  test('that was never paired, or whose link broke a moment ago, is not missed', () => {
    expect(told({ upstreams, tunnels: [tunnel({ state: 'away' }, { pairedAt: undefined })] })).toEqual([])
    expect(told({ upstreams, tunnels: [tunnel({ state: 'resuming' })] })).toEqual([])
  })

  test('that is there, and its server is not', () => {
    const kinds = told({ upstreams, tunnels: [tunnel({ state: 'connected' })] }).map(({ kind }) => kind)
    expect(kinds).toEqual(['upstream_down'])
  })
})

describe('a key that expires', () => {
  const kinds = (expiresAt: number) =>
    told({ keys: keysOf(1, [endingKey(expiresAt)]) }).map(({ severity, text }) => [severity, text.split('. ')[0]])

  test('within a week, and more so within a day', () => {
    expect(kinds(NOW + 7 * DAY_MS)).toEqual([['info', 'The key “alice” expires in 7 d']])
    expect(kinds(NOW + DAY_MS + 1)).toEqual([['info', 'The key “alice” expires in 1 d']])
    expect(kinds(NOW + DAY_MS)).toEqual([['warning', 'The key “alice” expires in 1 d']])
    expect(kinds(NOW + 1_800_000)).toEqual([['warning', 'The key “alice” expires in 30 min']])
  })

  test('and of those that are not told of one by one, how many', () => {
    const notes = told({ keys: keysOf(40, [endingKey(NOW + DAY_MS)], 35) })
    expect(notes).toMatchObject([
      { kind: 'key_expiring', severity: 'warning', targetId: 'k1' },
      { kind: 'key_expiring', severity: 'info', targetId: null, text: expect.stringMatching(/^34 more keys expire/) },
    ])
  })
})

test('what is not there yet, with the next step', () => {
  expect(told({ upstreams: [], keys: keysOf(0) })).toMatchObject([
    { kind: 'no_upstream', severity: 'info', text: expect.stringContaining('punku pair'), targetId: null },
    { kind: 'no_key', severity: 'info', targetId: null },
  ])
})

test('the worst comes first', () => {
  const upstreams = [upstream({ health: DOWN }), upstream({ id: 'up_2' })]
  const severities = told({ upstreams, exposed: new Set(['up_2']), keys: keysOf(0) }).map(({ severity }) => severity)
  expect(severities).toEqual(['danger', 'warning', 'info'])
})
