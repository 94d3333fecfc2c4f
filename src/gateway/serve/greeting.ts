import type { Config } from '../../config/load.ts'
import { isOfAnyAddress } from '../../core/openable-url.ts'
import { namesOf, PULL_FIRST, shellUrl } from '../../core/wording.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import type { Exposure } from '../../system/exposure.ts'
import type { ListeningAddress } from '../pipeline/gateway.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { FoundModels } from './found-models.ts'
import { listenerUrls, urlHere } from './own-urls.ts'

export interface Greeting {
  readonly config: Config
  readonly addresses: readonly ListeningAddress[]
  readonly models: FoundModels
  /** Those the gateway reaches itself. */
  readonly upstreams: readonly Upstream[]
  /** How many tunnels have agents that come on their own. */
  readonly tunnels: number
  /** The text of the key that was made just now; `none`: there is no key, and none may be shown. */
  readonly firstKey: string | 'none' | undefined
  /** Where the first person makes an account; `undefined`: there is one; `hidden`: it may not be shown. */
  readonly setupLink: string | 'hidden' | undefined
  /** A command of this program as it is typed where it was started. */
  readonly command: (words: string) => string
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
  command,
  exposures,
}: Greeting): string[] {
  const { publicUrl } = config.gateway
  const here = urlHere(config, addresses)
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
  const listeners = listenerUrls(config, addresses)
  for (const url of listeners) lines.push(`Listening  ${url}`)
  if (publicUrl === undefined && listeners.some(isOfAnyAddress)) {
    lines.push(
      '           That is every address of this machine. Others open it by one of those, or by a name of it;',
      '           gateway.publicUrl says by which, for links and commands. Those here are for this machine.',
    )
  }
  for (const { upstreamId, address } of exposures) {
    lines.push(
      `WARNING    ${upstreamId} also answers on ${address}, past this gateway and without a key. The log says how to close it.`,
    )
  }
  lines.push('')
  if (firstKey === 'none') {
    lines.push('Key        none yet, and one that is made here would stand in a log. Make one in a shell:')
    lines.push(`           ${command('keys create NAME')}`, '')
  } else if (firstKey !== undefined) {
    lines.push(
      `Key        ${firstKey}`,
      '           Made just now and shown this once: keep it. It is named first.',
      '',
    )
  }
  if (setupLink === 'hidden') {
    lines.push('Setup      nobody has an account yet. In a shell this prints the link that makes the first:')
    lines.push(`           ${command('people setup')}`, '')
  } else if (setupLink === undefined) {
    const page = publicUrl ?? here
    if (page !== undefined) lines.push(`Dashboard  ${page}/ui/`, '')
  } else {
    lines.push(`Setup      ${setupLink}`, '           Makes the first account, yours, once and within a day.', '')
  }
  const model = tryModel(upstreams)
  if (here !== undefined && model !== undefined) {
    const key = firstKey === 'none' ? undefined : firstKey
    lines.push(
      firstKey === 'none'
        ? 'Try it, with that key in KEY:'
        : key === undefined
          ? `Try it, with a key of yours in KEY (make one: ${command('keys create NAME')}):`
          : 'Try it from another shell:',
      '',
    )
    lines.push(curlLine(here, key ?? '$KEY', model), '')
  }
  return lines
}

function describe(upstream: Upstream, isDemo: boolean): string[] {
  const { kind, server, version, health, models = [] } = upstream.known
  if (health.state === 'unprobed') return [`Upstream   ${upstream.id}: has not answered yet. It is waited for.`]
  if (health.state !== 'up')
    return [`Upstream   ${upstream.id}: no answer (${health.reason}). It is asked again every few seconds.`]
  const name = isDemo ? 'built-in demo' : `${server ?? kind}${version === undefined ? '' : ` ${version}`}`
  const line = `Upstream   ${upstream.id}: ${name}, ${namesOf(models.map(({ id }) => id))}`
  return server === 'ollama' && models.length === 0 ? [line, `           Give it one: ${PULL_FIRST}`] : [line]
}

/** A model to try by OpenAI's chat route: on this machine, and not one that only embeds. */
function tryModel(upstreams: readonly Upstream[]): string | undefined {
  const models: CatalogueModel[] = upstreams.flatMap(({ known: { kind, models = [] } }) =>
    kind === 'anthropic' ? [] : models,
  )
  const local = models.filter(({ isCloud }) => !isCloud)
  return (local.find(({ id }) => !/embed|bert|bge/i.test(id)) ?? local[0])?.id
}

function curlLine(base: string, key: string, model: string): string {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] })
  // Double quotes let the shell put in $KEY; a key itself has no character the shell would read.
  return `curl -N ${shellUrl(`${base}/v1/chat/completions`)} -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '${body.replaceAll("'", "'\\''")}'`
}
