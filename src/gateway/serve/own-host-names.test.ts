import { expect, test } from 'vitest'
import { isHostAllowed } from '../../http/origin.ts'
import { ownHostNames } from './own-host-names.ts'

test.each(['box', 'Box.local', 'box.lan'])('the names of a machine that calls itself %s', (hostname) => {
  const names = ownHostNames(hostname)
  const taken = [
    'box',
    'BOX.local:11435',
    hostname,
    'host.lima.internal',
    'host.orb.internal:1',
    'gateway.docker.internal',
  ]
  for (const host of [...taken, 'host.docker.internal', 'host.containers.internal']) {
    expect([host, isHostAllowed(host, names)]).toEqual([host, true])
  }
  for (const host of ['evil.local', 'box.local.evil.example', 'a.box.local', 'x.lima.internal', 'internal', 'local']) {
    expect([host, isHostAllowed(host, names)]).toEqual([host, false])
  }
})

test('a machine without a name has no name that others could take', () => {
  expect(ownHostNames('').filter((name) => !name.endsWith('.internal'))).toEqual([])
})
