import { expect, test } from 'vitest'
import type { UpstreamBody } from '../../contract/upstreams.ts'
import { renderUpstream } from './upstreams.ts'

const upstream: UpstreamBody = {
  id: 'up_0123456789ab',
  label: 'studio',
  kind: 'ollama',
  server: 'ollama',
  version: '0.12.0',
  state: 'up',
  reason: '',
  checkedAt: null,
  modelCount: 3,
  via: 'direct',
  source: 'added',
  url: 'http://studio:11434',
  hasCredential: true,
  liveExchanges: 2,
  revision: 1,
  isExposed: false,
}

test('an upstream is shown with what is known of it', () => {
  expect(renderUpstream(upstream)).toEqual([
    'label      studio',
    'id         up_0123456789ab',
    'state      up',
    'asked      -',
    'server     ollama 0.12.0',
    'models     3',
    'running    2',
    'from       added',
    'url        http://studio:11434',
    'key        set',
  ])
})

test('what is wrong with it, and what is not known, is said so that it cannot steer the terminal', () => {
  const isDown = { state: 'down', reason: 'refused\u001b[2J', server: null, version: null, modelCount: null } as const
  const lines = renderUpstream({ ...upstream, ...isDown, url: null, hasCredential: false, isExposed: true })
  expect(lines).toContain('state      down: refused\ufffd[2J')
  expect(lines).toContain('server     ollama')
  expect(lines).toContain('models     -')
  expect(lines).toContain('key        none')
  expect(lines.at(-1)).toBe('WARNING    others reach it around the gateway, without a key')
  expect(lines.join()).not.toContain('url')
})
