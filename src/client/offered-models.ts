import { z } from 'zod'
import { ownCommand } from '../config/own-command.ts'
import { profileFlag } from '../config/profile-name.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { isLoopbackHost } from '../core/loopback.ts'
import { parseJson } from '../core/parse-json.ts'
import { askGateway } from '../http-client/ask-gateway.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError, printable } from '../http-client/gateway-error.ts'
import { loginAddress } from './login-address.ts'
import { type OfferedModel, readModelList } from './model-list.ts'
import type { ClientProfile } from './profiles/client-profile.ts'
import { loginAgainCommand } from './profiles/login-again.ts'

const TIMEOUT_MS = 30_000
/** A thousand models take a quarter of it. */
const MAX_ANSWER_BYTES = 4_194_304

const refusal = z.object({
  error: z.object({ message: z.string(), code: z.string().optional().catch(undefined) }),
})
/** Codes of what fails at the model servers. */
const BEHIND_THE_KEY = /^(?:upstream_|agent_|route_not_served$)/

const START = ownCommand('serve')

type Asked = Pick<ClientProfile, 'url' | 'key' | 'caFile'>

/**
 * The models that a gateway offers to the key of a profile.
 * @param home the state folder that has the profile
 * @throws CommandFailure `denied` for a key that the gateway does not take, `away` when there is no gateway or it cannot say;
 * the message says what to do. ConfigError, or PunkuError `invalid_request`, for authorities that cannot be used.
 */
export async function offeredModels(home: string, profile: ClientProfile): Promise<readonly OfferedModel[]> {
  try {
    const answer = await askForModels(profile)
    if (typeof answer !== 'string') return answer
    throw away(profile.url, `says: ${answer}`)
  } catch (thrown) {
    if (!(thrown instanceof CommandFailure)) throw thrown
    // It ends with a command already.
    if (thrown.message.endsWith(START)) throw thrown
    const next =
      thrown.kind === 'denied'
        ? `Get another: ${loginAgainCommand(home, profile)}`
        : `Where the way is broken tells: ${ownCommand(`doctor${profileFlag(profile.name)}`, home)}`
    throw new CommandFailure(thrown.kind, `${asSentence(thrown.message)} ${next}`, { cause: thrown })
  }
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
    const models = readModelList(text)
    if (models !== undefined) return models
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
    const isOff = cause.code === 'unreachable' && isLoopbackHost(new URL(url).hostname)
    const start = isOff ? ` Start it on this machine, as before: ${START}` : ''
    throw new CommandFailure('away', `${url} was asked for its models: ${cause.message}${start}`, { cause })
  }
}

function away(url: string, what: string): CommandFailure {
  return new CommandFailure('away', `${url} answered, but ${what}`)
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
