import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'
import { DEFAULT_UPSTREAM_URL } from '../../config/option-types.ts'
import { type FindModelsOptions, findModels } from './found-models.ts'

const nothingConfigured = { upstreams: [{ url: DEFAULT_UPSTREAM_URL, kind: undefined, key: undefined }] }
const configured = { upstreams: [{ url: 'http://127.0.0.1:1', kind: undefined, key: undefined }] }

async function find(options: Omit<FindModelsOptions, 'clock'>) {
  const models = await findModels({ clock: new ManualClock(), ...options })
  onTestFinished(() => models[Symbol.asyncDispose]())
  return models
}

async function startOllama() {
  const upstream = await startScriptedUpstream({ server: 'ollama' })
  onTestFinished(() => upstream.close())
  return { upstream, usual: { port: upstream.port, server: 'ollama' as const } }
}

test('without a mode the configured upstreams are taken, and nobody looks', async () => {
  const { upstream, usual } = await startOllama()
  expect(await find({ config: nothingConfigured, ports: [usual] })).toMatchObject({
    ...nothingConfigured,
    found: [],
    demo: undefined,
  })
  expect(upstream.requests).toEqual([])
})

test('auto takes what answers before the demo', async () => {
  const { upstream, usual } = await startOllama()
  const models = await find({ mode: 'auto', config: nothingConfigured, ports: [{ port: 1, server: 'vllm' }, usual] })
  expect(models).toMatchObject({
    upstreams: [{ url: upstream.origin, kind: 'ollama', key: undefined }],
    found: [usual],
    demo: undefined,
  })
})

test('auto takes the demo where nothing answers, and ends it at the end', async () => {
  const models = await find({ mode: 'auto', config: nothingConfigured, ports: [{ port: 1, server: 'ollama' }] })
  expect(models).toMatchObject({ upstreams: [{ kind: 'ollama', key: undefined }], found: [], demo: 'auto' })
  const url = models.upstreams[0]?.url ?? ''
  expect((await fetch(`${url}/api/version`)).status).toBe(200)
  await models[Symbol.asyncDispose]()
  await expect(fetch(`${url}/api/version`)).rejects.toThrow()
})

test('auto takes what is configured before all, whether it answers or not', async () => {
  const { upstream, usual } = await startOllama()
  expect(await find({ mode: 'auto', config: configured, ports: [usual] })).toMatchObject({
    ...configured,
    found: [],
    demo: undefined,
  })
  expect(upstream.requests).toEqual([])
})

test('always takes the demo, whatever is there', async () => {
  const { upstream, usual } = await startOllama()
  const models = await find({ mode: 'always', config: configured, ports: [usual] })
  expect(models.demo).toBe('always')
  expect(models.upstreams.map(({ url }) => url)).not.toContain(upstream.origin)
})
