import type { Clock } from '../core/clock.ts'
import type { DialectName, UpstreamKind } from '../core/dialect-name.ts'
import type { Secret } from '../core/secret.ts'
import type { FailureCode } from '../core/upstream-failure.ts'
import { namesOf, PULL_FIRST } from '../core/wording.ts'
import type { HopFinding } from '../diagnosis/walk.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { probe } from '../servers/detect.ts'
import { USUAL_PORTS } from '../servers/found-servers.ts'
import { askLoaded } from '../servers/loaded-listing.ts'
import { parseUpstreamUrl } from '../servers/server-url.ts'

/** A model server that is looked at from this machine. */
export interface ModelServerPlace {
  /** Scheme, authority and base path. */
  readonly url: string
  /** What it asks for; `undefined`: nothing. */
  readonly key: Secret | undefined
  /** What its owner says it is; `unknown`: found out. */
  readonly kind: UpstreamKind
}

/** A model server as it answers now. */
export interface ModelServerAnswer {
  readonly server: string
  /** The API it speaks. */
  readonly kind: DialectName
  readonly version: string | undefined
  /** As the server spells them, sorted. */
  readonly models: readonly string[]
  /** Those in memory; `undefined`: it does not tell. */
  readonly loaded: readonly string[] | undefined
}

/** Why there is none. */
export interface ModelServerFailure {
  readonly reason: string
  readonly failure?: FailureCode
}

/** Asks a model server what it is and what it has. Never rejects. */
export async function askModelServer(
  { url, key, kind }: ModelServerPlace,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ModelServerAnswer | ModelServerFailure> {
  const { origin, basePath } = parseUpstreamUrl(url)
  const dispatcher = new HttpDispatcher({ origin, clock })
  const credential = key && ({ header: 'authorization', reveal: () => key.reveal() } as const)
  const way = { dispatcher, base: { origin, basePath }, credential }
  try {
    const answer = await probe({ way, kind, clock, signal })
    if ('reason' in answer) return answer
    const { server, kind: told, version, models } = answer
    const asked = await askLoaded(way, { server, models }, signal).catch(() => undefined)
    const listed = models.some(({ isLoaded }) => isLoaded !== undefined)
      ? models.filter(({ isLoaded }) => isLoaded === true)
      : undefined
    return {
      server,
      kind: told,
      version,
      models: models.map(({ id }) => id).sort(),
      loaded: (asked ?? listed)?.map(({ id }) => id),
    }
  } finally {
    await dispatcher.destroy()
  }
}

/** What was seen of a model server. */
export function modelServerFinding(
  { url }: Pick<ModelServerPlace, 'url'>,
  answer: ModelServerAnswer | ModelServerFailure,
  platform: NodeJS.Platform,
): HopFinding {
  if ('reason' in answer) {
    return {
      state: 'broken',
      said: `The model server at ${url}: ${answer.reason}.`,
      advice: adviceFor(url, answer, platform),
    }
  }
  const name = [answer.server, answer.version].filter((part) => part !== undefined).join(' ')
  return { state: 'ok', said: `${name} answers at ${url}, ${namesOf(answer.models)}.` }
}

/** What was seen of the models of a server that answers. */
export function modelFinding({ server, models, loaded }: ModelServerAnswer): HopFinding {
  if (models.length === 0) {
    return {
      state: 'broken',
      said: 'The model server has no model.',
      advice: server === 'ollama' ? `Give it one: ${PULL_FIRST}` : 'Give it a model, and start it again.',
    }
  }
  const count = models.length === 1 ? '1 model is there' : `${models.length} models are there`
  if (loaded === undefined) return { state: 'ok', said: `${count}.` }
  if (loaded.length > 0) return { state: 'ok', said: `${count}, in memory: ${loaded.join(', ')}.` }
  return { state: 'ok', said: `${count}, none in memory: the first answer waits until one is loaded.` }
}

/** What starts a model server, or finds out what it wants. */
export function adviceFor(url: string, { failure }: ModelServerFailure, platform: NodeJS.Platform): string {
  if (failure === undefined) return `See what answers there: curl -i ${url}/`
  const usual = USUAL_PORTS.find(({ port }) => String(port) === new URL(url).port)
  const isHere = /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname)
  if (!isHere) return `See on its own machine whether it runs, then whether it is reached from here: curl -i ${url}/`
  return usual?.server === 'ollama' ? `Start it: ${startOllama(platform)}` : 'Start the model server, and look again.'
}

function startOllama(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'linux':
      return 'sudo systemctl start ollama (where it is no service: ollama serve)'
    case 'darwin':
      return 'open -a Ollama'
    default:
      return 'ollama serve'
  }
}
