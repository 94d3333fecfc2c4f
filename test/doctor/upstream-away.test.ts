import { expect, test } from 'vitest'
import { hopOfRefusal, isUnheard } from '../../src/client/doctor/gateway-refusal.ts'
import { unheard } from '../../src/gateway/admission/no-upstream.ts'
import type { OrgUpstreams } from '../../src/gateway/upstreams/org-upstreams.ts'
import { agentAway } from '../../src/tunnel/agent-away.ts'

test('an agent that is away and a model server that was never heard of are told apart by what the gateway says', () => {
  const silent = unheard({ awaited: new Set() } as unknown as OrgUpstreams, 'which models there are')
  const refusals = [agentAway(), silent].map(({ code, message }) => ({ code, status: 503, text: message }))
  expect(refusals.map(({ code }) => code)).toEqual(['upstream_away', 'upstream_away'])
  expect(refusals.map(hopOfRefusal)).toEqual(['link', 'model-server'])
  expect(refusals.map(isUnheard)).toEqual([false, true])
})
