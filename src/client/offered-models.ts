import { z } from 'zod'
import { CommandFailure } from '../core/command-failure.ts'
import { parseJson } from '../core/parse-json.ts'
import { askGateway } from '../http-client/ask-gateway.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError, printable } from '../http-client/gateway-error.ts'
import { loginAddress } from './login-address.ts'
import type { ClientProfile } from './profiles/client-profile.ts'

const TIMEOUT_MS = 30_000
/** A thousand models take a quarter of it. */
const MAX_ANSWER_BYTES = 4_194_304

/** A model that a gateway offers to a key. */
export interface OfferedModel {
  readonly id: string
  /** The tokens that one conversation may have; `undefined`: the gateway does not know. */
  readonly contextTokens: number | undefined
  /** It writes answers; else it only embeds. What is not known to embed alone counts as one that does. */
  readonly isChat: boolean
}

const tokens = z.int().positive().optional().catch(undefined)
const listed = z.object({
  id: z.string().min(1),
  max_model_len: tokens,
  context_length: tokens,
  capabilities: z.array(z.string()).optional().catch(undefined),
})
const list = z.object({ data: z.array(listed) })
const refusal = z.object({
  error: z.object({ message: z.string(), code: z.string().optional().catch(undefined) }),
})
/** Codes of what fails at the model servers. */
const BEHIND_THE_KEY = /^(?:upstream_|agent_|route_not_served$)/

type Asked = Pick<ClientProfile, 'url' | 'key' | 'caFile'>

/**
 * The models that a gateway offers to a key.
 * @throws CommandFailure `denied` for a key that the gateway does not take, `away` when there is no gateway or it cannot say;
 * the message says what to do. ConfigError, or PunkuError `invalid_request`, for authorities that cannot be used.
 */
export async function offeredModels(asked: Asked): Promise<readonly OfferedModel[]> {
  const answer = await askForModels(asked)
  if (typeof answer !== 'string') return answer
  throw away(asked.url, `says: ${answer}`)
}

/**
 * Tries a key at its gateway, and gives the models that are offered to it; `undefined` where the gateway takes it, and does
 * not hear of a model server now. Throws as `offeredModels` does.
 */
export async function tryKey(asked: Asked): Promise<readonly OfferedModel[] | undefined> {
  const answer = await askForModels(asked)
  return typeof answer === 'string' ? undefined : answer
}

/** The models, or what the gateway says of model servers that are away. */
async function askForModels({ url, key, caFile }: Asked): Promise<readonly OfferedModel[] | string> {
  const { status, text } = await ask(url, loginAddress({ url, caFile }), `Bearer ${key.reveal()}`)
  if (status === 200) {
    const answer = list.safeParse(parseJson(text))
    if (answer.success) return answer.data.data.map(offeredOf)
    throw away(url, 'is no gateway. Check the address, and that no sign-in page of its network is before this machine.')
  }
  const said = refusal.safeParse(parseJson(text))
  const { code = '', message = '' } = said.success ? said.data.error : {}
  const words = printable(message)
  // Who asks was settled before.
  if (BEHIND_THE_KEY.test(code)) return words
  if (status === 401 || status === 403) {
    throw new CommandFailure('denied', `${url} does not take the key${words === '' ? '.' : `: ${words}`}`)
  }
  throw away(url, words === '' ? `lists no models (status ${status}). Check the address.` : `says: ${words}`)
}

function offeredOf({ id, max_model_len, context_length, capabilities }: z.output<typeof listed>): OfferedModel {
  return {
    id,
    contextTokens: max_model_len ?? context_length,
    isChat: capabilities === undefined || capabilities.includes('completion') || !capabilities.includes('embedding'),
  }
}

/** The model that a name means among those that are offered: letter case and `:latest` tell none apart. */
export function offeredModel(offered: readonly OfferedModel[], name: string): OfferedModel | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/:latest$/, '')
  return offered.find(({ id }) => id === name) ?? offered.find(({ id }) => plain(id) === plain(name))
}

/** The names of models in a sentence, all of them: whoever reads it has to choose. */
export function offeredNames(offered: readonly OfferedModel[]): string {
  return offered.length === 0 ? 'none' : offered.map(({ id }) => printable(id)).join(', ')
}

async function ask(
  url: string,
  address: GatewayAddress,
  authorization: string,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    using answer = await askGateway(address, '/v1/models', {
      headers: { authorization },
      timeoutMs: TIMEOUT_MS,
      limits: 'whole',
    })
    return { status: answer.status, text: await answer.text(MAX_ANSWER_BYTES) }
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause
    throw new CommandFailure('away', `${url} was asked for its models: ${cause.message}`, { cause })
  }
}

function away(url: string, what: string): CommandFailure {
  return new CommandFailure('away', `${url} answered, but ${what}`)
}
