import { expect, test } from 'vitest'
import type { TunnelBody } from '../../contract/tunnels.ts'
import { renderTunnels } from './tunnels.ts'

const linked: TunnelBody = {
  id: 'tun_0123456789ab',
  label: 'studio',
  state: 'connected',
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'local admin',
  pairedAt: '2026-01-01T00:00:00.000Z',
  lastSeenAt: null,
  revokedAt: null,
  machine: { name: 'mac-studio', platform: 'darwin', arch: 'arm64', software: 'punku/0.1.0' },
  roundTripMs: 12.4,
  streams: 3,
  address: '203.0.113.5',
}
const isUnpaired = { state: 'unpaired', machine: null, roundTripMs: null, streams: null, address: null } as const

test('a tunnel is shown with its machine and its link', () => {
  const silent = { name: '', platform: '', arch: '', software: '' }
  const tunnels = [
    linked,
    { ...linked, ...isUnpaired, label: 'attic' },
    { ...linked, label: 'barn', machine: silent, streams: 0 },
  ]
  expect(renderTunnels(tunnels)).toEqual([
    'LABEL   ID                STATE      PLATFORM      SOFTWARE     ROUND TRIP  STREAMS  LAST SEEN',
    'studio  tun_0123456789ab  connected  darwin arm64  punku/0.1.0       12 ms        3  -',
    'attic   tun_0123456789ab  unpaired   -             -                     -        -  -',
    'barn    tun_0123456789ab  connected  -             -                 12 ms        0  -',
  ])
})
