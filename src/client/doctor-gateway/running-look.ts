import { ConfigError } from '../../config/config-error.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { ownCommand } from '../../config/own-command.ts'
import type { StatusBody } from '../../contract/gateway.ts'
import { PunkuError } from '../../core/error.ts'
import { openableHere } from '../../core/openable-url.ts'
import { VERSION } from '../../core/version.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import { ask } from '../../http-client/ask.ts'
import { type ListenAddress, renderAddress, resolveListen } from '../../system/listen-address.ts'
import { portOwner } from '../../system/port-owner.ts'
import { readInstance } from '../../system/single-instance.ts'
import type { GatewaySurroundings } from './gateway-checks.ts'
import { listenersOf } from './listeners.ts'

const TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 65_536

/** Whether the gateway of this state folder runs, answers at its listeners, and listens where it is told to. */
export async function lookAtRunning(config: LoadedConfig, options: GatewaySurroundings): Promise<HopFinding> {
  const { home, control } = options
  const places = placesOf(config, options)
  if ('state' in places) return places
  if (!control.isLive) return await notRunning(places, home)
  const status = await control.client.call('status').catch(refusalOf)
  if (status instanceof PunkuError) {
    const { pid } = readInstance(home) ?? {}
    const which = pid === undefined ? '' : ` (pid ${pid})`
    return {
      state: 'broken',
      said: `The gateway${which} does not answer commands. ${status.message}`,
      advice:
        pid === undefined
          ? 'See its log.'
          : `See what it does, and let it go on if it was suspended: kill -CONT ${pid}`,
    }
  }
  for (const address of status.addresses) {
    const fault = await lookAtListener(openableHere(address), options)
    if (fault !== undefined) return fault
  }
  const [trouble] = status.troubles
  if (trouble !== undefined) {
    return { state: 'warning', said: trouble.text, advice: `See all of it: ${ownCommand('status', home)}` }
  }
  const absent = places.filter((place) => !listensAt(status, place))
  if (absent.length > 0) {
    return {
      state: 'warning',
      said: `The configuration names ${absent.map(renderAddress).join(', ')}, and the gateway listens at ${status.addresses.join(', ')}. It was started with other options, or before they were changed.`,
      advice: `Write the addresses that are meant into its configuration (\`listen\`), and start it anew: ${ownCommand('serve', home)}`,
    }
  }
  return { state: 'ok', said: `It runs (pid ${status.pid}) and answers at ${status.addresses.join(', ')}.` }
}

/** Whether this program is of the version that runs. */
export async function lookAtVersions({ control, home }: GatewaySurroundings): Promise<HopFinding> {
  const { version } = await control.client.call('status')
  if (version === VERSION) return { state: 'ok', said: `Punku ${VERSION}, on Node ${process.versions.node}.` }
  return {
    state: 'warning',
    said: `The gateway that runs is Punku ${version}, and what is installed is ${VERSION}.`,
    advice: `Stop it, and start it again: ${ownCommand('serve', home)}`,
  }
}

function placesOf(config: LoadedConfig, { interfaces }: GatewaySurroundings): readonly ListenAddress[] | HopFinding {
  try {
    return config.listen.flatMap((text) => resolveListen(text, interfaces()))
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    return {
      state: 'broken',
      said: thrown.message,
      advice: 'Change listen in the configuration, or start that network.',
    }
  }
}

async function notRunning(places: readonly ListenAddress[], home: string): Promise<HopFinding> {
  for (const place of places) {
    const owner = place.port === 0 ? undefined : await portOwner(place.port, place.host, [])
    if (owner === undefined) continue
    const name = owner.command ?? 'another program'
    const pid = owner.pid === undefined ? '' : ` (pid ${owner.pid})`
    const user = owner.user === undefined ? '' : ` of user ${owner.user}`
    return {
      state: 'broken',
      said: `No gateway runs with this state folder, and ${renderAddress(place)} is held by ${name}${pid}${user}.`,
      advice: `Stop that program, or choose another address: ${ownCommand(`serve --listen ${place.label}:PORT`, home)}`,
    }
  }
  return {
    state: 'broken',
    said: 'No gateway runs with this state folder.',
    advice: `Start it: ${ownCommand('serve', home)}`,
  }
}

/** `undefined`: it answers as a gateway. */
async function lookAtListener(url: string, { clock }: GatewaySurroundings): Promise<HopFinding | undefined> {
  try {
    // On this machine, and asked for no secret: the certificate is looked at by itself.
    const question = {
      url: `${url}/healthz`,
      trustsAnyone: true,
      timeoutMs: TIMEOUT_MS,
      limits: 'whole',
      clock,
    } as const
    using answer = await ask(question)
    const text = await answer.text(MAX_ANSWER_BYTES)
    if (answer.status === 200 && text.includes('"ok"')) return undefined
    return {
      state: 'broken',
      said: `What answers at ${url} is not this gateway (status ${answer.status}).`,
      advice: `See who listens there: ss -ltnp 'sport = :${new URL(url).port}'`,
    }
  } catch {
    return {
      state: 'broken',
      said: `The gateway runs, and nothing answers at ${url}.`,
      advice: 'See its log, and whether a firewall of this machine stands before its own port; then start it again.',
    }
  }
}

function listensAt(status: StatusBody, { host, port }: ListenAddress): boolean {
  return listenersOf(status).some((one) => one.host === host && (port === 0 || one.port === port))
}

function refusalOf(thrown: unknown): PunkuError {
  if (thrown instanceof PunkuError) return thrown
  throw thrown
}
