import type { Config } from '../config/load.ts'
import type { ListeningAddress } from '../gateway/gateway.ts'
import type { Exposure } from '../system/exposure.ts'
import { renderAddress } from '../system/listen-address.ts'
import type { CatalogueModel, Upstream } from '../upstreams/upstream.ts'
import { schemeOf } from './callers.ts'
import type { FoundModels } from './found-models.ts'

const MODELS_SHOWN = 5

export interface Greeting {
  readonly config: Config
  readonly addresses: readonly ListeningAddress[]
  readonly models: FoundModels
  /** Those the gateway reaches itself. */
  readonly upstreams: readonly Upstream[]
  /** How many tunnels have agents that come on their own. */
  readonly tunnels: number
  /** The text of the key that was made just now. */
  readonly firstKey: string | undefined
  /** Where the first person makes an account; `undefined` where there is one, or it is not to be shown. */
  readonly setupLink: string | undefined
  readonly exposures: readonly Exposure[]
}

/** What a person who starts the gateway sees: what was found, what listens where, and a line to try it with. */
export function greet({
  config,
  addresses,
  models,
  upstreams,
  tunnels,
  firstKey,
  setupLink,
  exposures,
}: Greeting): string[] {
  const scheme = schemeOf(config)
  const lines: string[] = []
  for (const upstream of upstreams) lines.push(...describe(upstream, models.demo !== undefined))
  if (tunnels > 0) lines.push(`Tunnels    ${tunnels}, whose agents connect on their own`)
  else if (upstreams.length === 0) lines.push('Tunnels    none yet: run `punku pair` beside a model server')
  if (models.demo !== undefined) {
    lines.push(
      models.demo === 'auto'
        ? '  No model server answered on this machine, so the built-in demo stands in for one.'
        : '  The built-in demo stands in for a model server, as --demo always says.',
      '  Its only model is called demo and gives one canned answer. Start Ollama and run again for real ones.',
    )
  }
  for (const address of addresses) lines.push(`Listening  ${scheme}://${renderAddress(address)}`)
  for (const { upstreamId, address } of exposures) {
    lines.push(
      `WARNING    ${upstreamId} also answers on ${address}, past this gateway and without a key. The log says how to close it.`,
    )
  }
  lines.push('')
  if (firstKey !== undefined) {
    lines.push(
      `Key        ${firstKey}`,
      '           Made just now and shown this once: keep it. It is named first.',
      '',
    )
  }
  if (setupLink !== undefined) {
    lines.push(`Setup      ${setupLink}`, '           Makes the first account, yours, once and within a day.', '')
  }
  const [address] = addresses
  const model = tryModel(upstreams)
  if (address !== undefined && model !== undefined) {
    lines.push(
      firstKey === undefined
        ? 'Try it, with a key of yours (make one: npx punku keys create NAME):'
        : 'Try it from another shell:',
      '',
    )
    lines.push(curlLine(`${scheme}://${renderAddress(address)}`, firstKey ?? '$KEY', model), '')
  }
  return lines
}

/** A URL as every shell takes it: in quotes where it holds an IPv6 address, whose brackets are a pattern to some. */
export function shellUrl(url: string): string {
  return url.includes('[') ? `'${url}'` : url
}

function describe(upstream: Upstream, isDemo: boolean): string[] {
  const { server, version, health, models = [] } = upstream
  if (health.state !== 'up')
    return [`Upstream   ${upstream.id}: no answer (${health.reason}). It is asked again every few seconds.`]
  const name = isDemo ? 'built-in demo' : `${server ?? upstream.kind}${version === undefined ? '' : ` ${version}`}`
  return [`Upstream   ${upstream.id}: ${name}, ${namesOf(models.map(({ id }) => id))}`]
}

/** `models a, b`, at most five by name. */
export function namesOf(models: readonly string[]): string {
  if (models.length === 0) return 'no models yet'
  const shown = models.slice(0, MODELS_SHOWN)
  const more = models.length > shown.length ? ` and ${models.length - shown.length} more` : ''
  return `models ${shown.join(', ')}${more}`
}

/** A model to try by OpenAI's chat route: on this machine, and not one that only embeds. */
function tryModel(upstreams: readonly Upstream[]): string | undefined {
  const models: CatalogueModel[] = upstreams.flatMap(({ kind, models = [] }) => (kind === 'anthropic' ? [] : models))
  const local = models.filter(({ isCloud }) => !isCloud)
  return (local.find(({ id }) => !/embed|bert|bge/i.test(id)) ?? local[0])?.id
}

function curlLine(base: string, key: string, model: string): string {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] })
  // Double quotes let the shell put in $KEY; a key itself has no character the shell would read.
  return `curl -N ${shellUrl(`${base}/v1/chat/completions`)} -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '${body.replaceAll("'", "'\\''")}'`
}
