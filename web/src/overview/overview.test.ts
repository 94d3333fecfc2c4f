import { describe, expect, it } from 'vitest'
import type { HealthBody } from '../../../src/contract/gateway.ts'
import { firstRequest } from './first-request.ts'
import { nextStep } from './steps.ts'

const EMPTY: HealthBody = {
  upstreams: { all: 0, up: 0 },
  tunnels: { live: 0, connected: 0 },
  models: 0,
  liveRequests: 0,
  keys: 0,
  hasRequests: false,
  attention: [],
}

describe('nextStep', () => {
  it('goes from models to a key to a request, and then there is none', () => {
    expect(nextStep(EMPTY)).toBe('models')
    expect(nextStep({ ...EMPTY, upstreams: { all: 1, up: 0 } })).toBe('key')
    expect(nextStep({ ...EMPTY, tunnels: { live: 1, connected: 0 } })).toBe('key')
    expect(nextStep({ ...EMPTY, upstreams: { all: 1, up: 1 }, keys: 1 })).toBe('request')
    expect(nextStep({ ...EMPTY, upstreams: { all: 1, up: 1 }, keys: 1, hasRequests: true })).toBeUndefined()
  })

  it('sends nobody back who was further: keys end, agents leave', () => {
    expect(nextStep({ ...EMPTY, hasRequests: true })).toBeUndefined()
  })
})

describe('firstRequest', () => {
  it('is a line to run', () => {
    expect(firstRequest('https://models.example.org/', 'llama3.2')).toBe(
      [
        'export PUNKU_KEY=pk_…',
        'curl -N https://models.example.org/v1/chat/completions \\',
        '  -H "authorization: Bearer $PUNKU_KEY" \\',
        "  -H 'content-type: application/json' \\",
        `  -d '{"model":"llama3.2","messages":[{"role":"user","content":"Say hello in one line."}]}'`,
      ].join('\n'),
    )
  })

  it('runs nothing that stands in the name of a model', () => {
    const lines = firstRequest('https://models.example.org', "x'; touch /tmp/pwned; '")
    expect(lines).toContain(String.raw`"x'\''; touch /tmp/pwned; '\''"`)
  })
})
