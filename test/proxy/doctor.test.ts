import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EditJournal } from '../../src/client/edits/edit-journal.ts'
import { planEdits } from '../../src/client/edits/plan-edits.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ClientPlace } from '../support/client-place.ts'
import { startTestGateway, TEST_PATH } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

interface Walked {
  readonly steps: readonly { readonly hop: string; readonly state: string; readonly said: string }[]
  readonly verdict: { readonly state: string; readonly hop: string | null; readonly exitCode: number }
}

test('a chain that is whole is green from end to end, and costs one tiny and one short answer', async () => {
  await using upstream = await startScriptedUpstream({ server: 'llama-server' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  using place = new ClientPlace({ url: gateway.url, key: await gateway.key() })
  const { code, stdout, stderr } = await place.doctor(['--json'])
  const { steps, verdict } = JSON.parse(stdout) as Walked
  expect([code, verdict.state, verdict.hop], stdout + stderr).toEqual([0, 'well', null])
  const isTunnelled = TEST_PATH === 'tunnelled'
  const skipped = steps.filter(({ state }) => state === 'skipped').map(({ hop }) => hop)
  expect(skipped).toEqual(isTunnelled ? [] : ['link', 'agent'])
  expect(steps.filter(({ state }) => state !== 'skipped' && state !== 'ok')).toEqual([])
  expect(steps.map(({ hop }) => hop)).toEqual([
    ...['configuration', 'clock', 'proxy', 'dns', 'connection', 'tls', 'gateway', 'key', 'scopes', 'link', 'agent'],
    ...['model-server', 'model', 'first-token', 'stream', 'setup', 'versions'],
  ])
  const asked = upstream.requests.filter(({ path }) => path === '/v1/chat/completions')
  // Where the answer came in one piece, how soon one begins is looked at once more.
  expect([2, 3]).toContain(asked.length)
})

test('a tool whose set-up somebody changed is a warning, and no other hop is the worse for it', async () => {
  await using upstream = await startScriptedUpstream({ server: 'llama-server' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  using place = new ClientPlace({ url: gateway.url, key: await gateway.key() })
  const file = join(place.folder, 'settings.json')
  writeFileSync(file, '{}')
  const set = { kind: 'set', path: ['env', 'BASE'], value: gateway.url } as const
  await new EditJournal(place.home, systemClock).apply(
    'qwen',
    await planEdits([{ file, format: 'json', changes: [set] }]),
  )
  expect((await place.doctor()).stdout).toMatch(/^✓ Tools are as they were set up/m)
  writeFileSync(file, '{"env": {"BASE": "http://other.test"}}')
  const { code, stdout } = await place.doctor()
  expect(stdout).toMatch(
    /^! Tools .*What was set up for qwen no longer stands: env\.BASE in .*settings\.json was changed\./m,
  )
  expect([code, stdout]).toEqual([0, expect.stringMatching(/It works, with one thing that should be otherwise\.\n$/)])
})

test('it is told as it is walked, a line for each hop, and nothing is said of the key', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const key = await gateway.key()
  using place = new ClientPlace({ url: gateway.url, key })
  const { code, stdout, stderr } = await place.doctor(['--model', 'tiny'])
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/^✓ The key is accepted: The gateway takes it\.$/m)
  expect(stdout).toMatch(/^✓ The model is there: tiny:latest is there\./m)
  expect(stdout).toMatch(/All is well\.\n$/)
  expect(stderr).toMatch(/^tiny:latest is asked for a few words\./)
  expect(stdout + stderr).not.toContain(key)
})
