import { afterAll, beforeAll, expect, test } from 'vitest'
import type { UpstreamBody } from '../../src/contract/upstreams.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place, type ServingPunku } from './punku.ts'

const KEY = 'sk-of-the-server'

let place: Place
let configured: ScriptedUpstream
let added: ScriptedUpstream
let serving: ServingPunku
beforeAll(async () => {
  place = new Place()
  configured = await startScriptedUpstream({ server: 'ollama', models: ['first:latest'] })
  added = await startScriptedUpstream({ server: 'llama-server', models: ['second'], apiKey: KEY })
  serving = await place.serve('--upstream', configured.origin)
})
afterAll(async () => {
  place[Symbol.dispose]()
  await Promise.all([configured.close(), added.close()])
})

const run = (...args: string[]) => place.run('upstreams', ...args)

test('an upstream is added with its key, asked, changed and removed, while the gateway runs', async () => {
  const made = await place.runWithInput(`${KEY}\n`, 'upstreams', 'add', 'studio', added.origin, '--key-stdin', '--json')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const { id } = JSON.parse(made.stdout) as UpstreamBody
  const list = await run('list')
  expect(list.stdout).toMatch(/^LABEL +ID +STATE +SERVER +MODELS +RUNNING +FROM\n127\.0\.0\.1:\d+ .* configuration\n/)
  expect(list.stdout).toMatch(new RegExp(`^studio +${id} +up +llama-server +1 +0 +added$`, 'm'))
  const shown = await run('show', 'studio')
  expect(shown.stdout).toMatch(new RegExp(`^label {6}studio\\nid {9}${id}\\nstate {6}up\\n`))
  expect(shown.stdout).toContain('key        set')
  const discovered = await run('discover', id)
  expect(discovered.stdout).toMatch(/^second .* studio$/m)
  for (const told of [made, list, shown, discovered]) expect(told.stdout + told.stderr).not.toContain(KEY)

  const changed = await run('change', 'studio', '--label', 'attic', '--no-key', '--json')
  expect(JSON.parse(changed.stdout)).toMatchObject({ id, label: 'attic', hasCredential: false, revision: 2 })
  expect((await run('discover', 'attic')).stdout).toContain('attic is down: answered 401')
  expect((await run('remove', 'attic')).stdout).toBe('Removed attic.\n')
  expect(await run('show', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('No upstream has this id') })
  expect(serving.punku.stderr).not.toContain(KEY)
})

test.each<[args: (name: string) => string[], said: string]>([
  [() => ['add', 'loop', serving.url], 'the address of the gateway itself'],
  [(name) => ['change', name, '--label', 'x'], 'set by the gateway’s configuration'],
  [(name) => ['remove', name], 'set by the gateway’s configuration'],
  [(name) => ['change', name], 'Say what to change'],
  [(name) => ['change', name, '--no-key', '--key-stdin'], 'not both'],
  [() => ['add', 'x', 'http://box', '--kind', 'gemini'], 'Allowed choices are ollama, openai, anthropic'],
])('what cannot be done is said (%#)', async (args, said) => {
  const ended = await run(...args(configured.origin.replace('http://', '')))
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
})

test('where Ollama has no model, a command says how it gets one', async () => {
  await using empty = await startScriptedUpstream({ server: 'ollama', models: [] })
  using other = new Place()
  await other.serve('--upstream', empty.origin)
  const { code, stdout } = await other.run('models')
  expect([code, stdout]).toEqual([0, expect.stringMatching(/is Ollama without a model\. .*: ollama pull \S+\n$/)])
})
