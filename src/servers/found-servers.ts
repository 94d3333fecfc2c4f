import type { DialectName } from '../core/dialect-name.ts'
import { ask } from '../http-client/ask.ts'
import { MODEL_SERVERS, modelServer, type ServerName } from './known/model-servers.ts'

const TIMEOUT_MS = 500
/** Listings of models are a few KiB; more is something else. */
const MAX_BODY_BYTES = 1_048_576

/** All sorts of programs listen here: it comes last. */
const CROWDED_PORT = 8_000

/** A port to look at, and how a model server there shows itself. */
export interface UsualPort {
  readonly port: number
  readonly server: ServerName
}

/** A model server that answered on loopback. */
export interface FoundServer extends UsualPort {
  /** Which API it speaks. */
  readonly kind: DialectName
  readonly url: string
}

/** Where model servers listen when nobody told them otherwise; the first that answers is the likeliest to be meant. */
export const USUAL_PORTS: readonly UsualPort[] = MODEL_SERVERS.flatMap(({ name, usualPorts }) =>
  usualPorts.map((port) => ({ port, server: name })),
).toSorted((one, other) => Number(one.port === CROWDED_PORT) - Number(other.port === CROWDED_PORT))

/**
 * The model servers that answer on 127.0.0.1, in the order of `ports`. Asks all at once, each for at most half a
 * second; what answers but not like a model server is left out. Never rejects.
 */
export async function findModelServers(
  options: { readonly ports?: readonly UsualPort[] } = {},
): Promise<readonly FoundServer[]> {
  const found = await Promise.all((options.ports ?? USUAL_PORTS).map(look))
  return found.filter((server) => server !== undefined)
}

async function look(usual: UsualPort): Promise<FoundServer | undefined> {
  const url = `http://127.0.0.1:${usual.port}`
  const { kind, sign } = modelServer(usual.server)
  return sign.isIn(parseObject(await listing(url + sign.path))) ? { ...usual, kind, url } : undefined
}

/** The text of a whole answer with status 200, else none. */
async function listing(url: string): Promise<string> {
  try {
    using answer = await ask({
      url,
      headers: { accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      limits: 'whole',
    })
    return answer.status === 200 ? await answer.text(MAX_BODY_BYTES) : ''
  } catch {
    return ''
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
