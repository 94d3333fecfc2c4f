import type { LoadedConfig } from '../../config/load.ts'
import { ownCommand, plainCommand } from '../../config/own-command.ts'
import type { ModelBody, UpstreamBody } from '../../contract/upstreams.ts'
import { PULL_FIRST, shellWord } from '../../core/wording.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import { adviceFor, askModelServer } from '../../machine/model-server-look.ts'
import type { GatewaySurroundings } from './gateway-checks.ts'

/** Whether the model servers that the gateway reaches itself answer it now. */
export async function lookAtUpstreams(
  config: LoadedConfig,
  options: GatewaySurroundings,
  signal: AbortSignal,
): Promise<HopFinding> {
  const { client } = options.control
  const { upstreams } = await client.call('listUpstreams')
  const direct = upstreams.filter(({ via }) => via === 'direct')
  if (direct.length === 0) {
    if (upstreams.length > 0) return { state: 'skipped', said: 'All model servers are behind tunnels.' }
    return {
      state: 'broken',
      said: 'The gateway has no model server: no model can be asked.',
      advice: `Name one: ${ownCommand('upstreams add LABEL URL', options.home)}; or pair a machine that has one: ${plainCommand('pair URL')}`,
    }
  }
  // By the gateway, over its own way and with its own credential: what it says is what clients get.
  const asked = await Promise.all(
    direct.map(async ({ id }) => (await client.call('discoverModels', { params: { upstream: id } })).upstream),
  )
  const down = asked.filter(({ state }) => state !== 'up')
  const [first] = down
  if (first === undefined) return { state: 'ok', said: asked.map(upText).join(' ') }
  const said = down.map(({ label, reason }) => `The model server ${label} ${asVerb(reason)}.`).join(' ')
  const advice = await adviceOn(first, config, options, signal)
  const isAlone = upstreams.every(
    ({ id, state, via }) => down.some((one) => one.id === id) || (via === 'tunnel' && state !== 'up'),
  )
  return { state: isAlone ? 'broken' : 'warning', said, advice }
}

/** Whether any upstream of the org has a model. */
export async function lookAtModels({ control }: GatewaySurroundings): Promise<HopFinding> {
  const [{ models }, { upstreams }] = await Promise.all([
    control.client.call('listModels'),
    control.client.call('listUpstreams'),
  ])
  if (models.length > 0) return { state: 'ok', said: modelsText(models) }
  const isOllama = upstreams.some(({ server, state }) => server === 'ollama' && state === 'up')
  return {
    state: 'broken',
    said: 'No model server has a model.',
    advice: isOllama
      ? `Give Ollama one, on its machine: ${PULL_FIRST}`
      : 'Give the model server a model, and start it again.',
  }
}

async function adviceOn(
  { url, label, reason, kind }: UpstreamBody,
  config: LoadedConfig,
  { clock, platform, home }: GatewaySurroundings,
  signal: AbortSignal,
): Promise<string> {
  if (url === null) return `See more: ${ownCommand('upstreams list', home)}`
  const isSilent = /nothing listens|no connection|closed|has not answered/.test(reason)
  if (isSilent) return adviceFor(url, { reason, failure: 'refused' }, platform)
  const found = await askModelServer({ url, key: undefined, kind: 'unknown' }, { clock, signal })
  if ('reason' in found) return adviceFor(url, { reason }, platform)
  const said = `It is ${found.server}, and was said to be of kind ${kind}.`
  if (config.upstreams.some((one) => one.url === url)) {
    return `${said} Leave kind out of its entry in the configuration, and start the gateway again.`
  }
  return `${said} Set it right: ${ownCommand(`upstreams change ${shellWord(label)} --kind ${found.kind}`, home)}`
}

function upText({ label, server, version, modelCount }: UpstreamBody): string {
  const name = [server, version].filter((part) => part !== null).join(' ')
  const models = modelCount === null ? '' : `, ${modelCount} ${modelCount === 1 ? 'model' : 'models'}`
  return `${label}: ${name}${models}.`
}

/** The reason as it goes on behind a name: some are verbs, and some are not. */
function asVerb(reason: string): string {
  return /^(answers|answered|closed|has) /.test(reason) ? reason : `is not reached: ${reason}`
}

function modelsText(models: readonly ModelBody[]): string {
  const count = models.length === 1 ? '1 model is there' : `${models.length} models are there`
  const known = models.filter(({ isLoaded }) => isLoaded !== null)
  if (known.length === 0) return `${count}.`
  const loaded = known.filter(({ isLoaded }) => isLoaded === true).map(({ id }) => id)
  if (loaded.length > 0) return `${count}, in memory: ${loaded.join(', ')}.`
  return `${count}, none in memory: the first answer waits until one is loaded.`
}
