import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ConfigError } from '../../config/config-error.ts'
import type { ConfigLayer, Environment } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { type LoadedConfig, loadConfig } from '../../config/load.ts'
import { ownCommand } from '../../config/own-command.ts'
import { ControlClient } from '../../contract/client.ts'
import { withOrg } from '../../contract/control-access.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { createLog, type Logger } from '../../core/log.ts'
import { VERSION } from '../../core/version.ts'
import { exposureFix } from '../../servers/exposure-fix.ts'
import { ExposureCheck, otherAddresses } from '../../system/exposure.ts'
import { assertSafeListen, renderAddress, resolveListen } from '../../system/listen-address.ts'
import { explainPortInUse, portOwner } from '../../system/port-owner.ts'
import { holdInstance } from '../../system/single-instance.ts'
import { keyActor } from '../control/key-control.ts'
import { localActor } from '../orgs/actor.ts'
import type { Gateway, ListeningAddress } from '../pipeline/gateway.ts'
import type { SetupLinks } from '../sign-in/setup-link.ts'
import { listenForControl } from './control-socket.ts'
import { wireExposure } from './event-wiring.ts'
import { type DemoMode, findModels } from './found-models.ts'
import { openGatewayParts } from './gateway-parts.ts'
import { greet } from './greeting.ts'
import { urlHere } from './own-urls.ts'
import type { PeopleParts } from './people-parts.ts'
import type { State } from './state.ts'

export interface ServeOptions {
  /** The state folder, resolved. */
  readonly home: string
  /** `--config`; default: `punku.yaml` in the state folder, if there. `null`: no file is read. */
  readonly configFile?: string | null | undefined
  /** What the command line sets, in the configuration file's form. */
  readonly flags: ConfigLayer
  readonly env: Environment
  /** Where no model server is configured: look for one on loopback, or start the built-in demo. */
  readonly demo?: DemoMode | undefined
  /** Whether a first key and a setup link may be shown: not where the output is kept in a service's log. */
  readonly mayShowKey: boolean
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: as the configuration says, to standard error. */
  readonly log?: Logger
}

const COMMANDS_REFUSED =
  'More connections or commands came at a time to the control socket than it takes, and some were turned away. Find the program of this user that opens so many.'

/** A gateway that serves. */
export interface RunningServe {
  readonly addresses: readonly ListeningAddress[]
  /** What to tell the person who started it, line by line. */
  readonly greeting: readonly string[]
  /** Where it is reached from this machine; without a trailing slash. */
  readonly url: string
  /** The control API as a system actor in this process, in the org of that id or slug. Default: `default`. */
  control(org?: string): ControlClient
  /** Serves a connection that somebody else accepted; it is the gateway's from now on. */
  take(socket: Socket): void
  /**
   * Drains: refuses new requests, lets streams finish within `timeouts.drain`, writes every row. Both reject with a
   * `CommandFailure` that says what is lost, where the database does not take it.
   */
  close(): Promise<void>
  /** Ends every connection now; rows that wait are still written. */
  destroy(): Promise<void>
}

/**
 * Builds a gateway of its parts and starts it. The order matters: the state folder is held before anything is written
 * to it, and the listeners open last, when a first request can be served.
 * @throws ConfigError for what the operator has to change: options, an address in use, another gateway in the folder.
 */
export async function startServe(options: ServeOptions): Promise<RunningServe> {
  const { home, env, flags } = options
  const clock = options.clock ?? systemClock
  ensureHome(home)
  const config = loadConfig({ home, file: options.configFile, env, flags })
  const log = options.log ?? createLog(config.log)
  for (const warning of config.warnings) log.warn(warning)
  const listen = config.listen.flatMap((text) => resolveListen(text, networkInterfaces()))
  assertSafeListen(listen, { hasTls: config.tls !== undefined, allowPlainHttp: config.allowPlainHttp })

  // Whatever fails on the way, what was opened before is closed again, last first.
  await using opened = new AsyncDisposableStack()
  const instance = await holdInstance({ home, clock })
  opened.defer(() => instance.release())
  const models = opened.use(await findModels({ mode: options.demo, config, clock }))
  let exposure: ExposureCheck | undefined
  const parts = opened.use(
    await openGatewayParts({
      home,
      config,
      upstreams: models.upstreams,
      exposures: () => exposure?.exposures ?? [],
      clock,
      log,
    }),
  )
  const { gateway, state, upstreams, people, setup, localControl, troubles } = parts

  const direct = () => upstreams.all().filter(({ via }) => via === 'direct')
  exposure = new ExposureCheck({
    upstreams: () => direct().map(({ id, way, known }) => ({ id, origin: way.base.origin, server: known.server })),
    addresses: () => otherAddresses(networkInterfaces()),
    ownListeners: () => gateway.addresses,
    everyMs: config.exposureCheck.everyMs,
    clock,
    log,
    fixOf: (exposed) => exposureFix(exposed, process.platform),
  })
  wireExposure(exposure, parts)
  opened.defer(() => exposure?.close())
  const socket = await listenForControl(localControl, instance.socketPath, () =>
    troubles.tell({ kind: 'commands_refused', text: COMMANDS_REFUSED }),
  )
  opened.defer(() => socket.close())

  for (const address of listen) await listenOrExplain(gateway, address)
  const { addresses } = gateway
  await exposure.start()
  const firstKey = await firstKeyOf(state, options.mayShowKey)
  // Whoever starts it has a link by which to come in, as long as nobody has.
  const setupLink = await setupLinkOf({ people, setup, config, addresses, mayShow: options.mayShowKey })
  log.info({ version: VERSION, addresses: addresses.map(renderAddress) }, 'gateway.started')

  const kept = opened.move()
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= kept.disposeAsync().then(() => {
      log.info('gateway.stopped')
      const losses = parts.losses()
      if (losses !== undefined) throw new CommandFailure('away', losses)
    })
    return ending
  }
  const { exposures } = exposure
  return {
    addresses,
    url: urlHere(config, addresses) ?? 'http://localhost',
    control: (org) => new ControlClient(async (target, init) => localControl.request(target, withOrg(init, org))),
    take: (socket) => gateway.take(socket),
    greeting: greet({
      config,
      addresses,
      models,
      upstreams: direct(),
      tunnels: state.roll.list().length,
      firstKey,
      setupLink,
      command: (words) => ownCommand(words, home),
      exposures,
    }),
    async close() {
      await gateway.close(config.timeouts.drainMs)
      await end()
    },
    destroy: end,
  }
}

async function listenOrExplain(gateway: Gateway, address: ListeningAddress): Promise<void> {
  try {
    await gateway.listen(address)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const { host, port } = address
    if (code === 'EADDRINUSE') throw new ConfigError([explainPortInUse(host, port, await portOwner(port, host))])
    if (code === 'EACCES') {
      throw new ConfigError([`${renderAddress(address)} may not be opened by this user. Choose a port above 1023.`])
    }
    if (code === 'EADDRNOTAVAIL') {
      throw new ConfigError([`${host} is no address of this machine. Choose another with --listen.`])
    }
    throw error
  }
}

/** The text of a key made because there was none; `none` where nobody is there to see it. */
async function firstKeyOf({ keys }: State, mayShowKey: boolean): Promise<string | 'none' | undefined> {
  const actor = keyActor(localActor())
  if ((await keys.list(actor, { after: undefined, limit: 1 })).length > 0) return undefined
  if (!mayShowKey) return 'none'
  return (await keys.create(actor, { name: 'first' })).text.reveal()
}

interface SetupLinkParts {
  readonly people: PeopleParts
  readonly setup: SetupLinks
  readonly config: LoadedConfig
  readonly addresses: readonly ListeningAddress[]
  readonly mayShow: boolean
}

/** Where the first person makes an account; `undefined` where there is one, `hidden` where nobody is there to see it. */
async function setupLinkOf(parts: SetupLinkParts): Promise<string | 'hidden' | undefined> {
  const { people, setup, config, addresses, mayShow } = parts
  if (!(await people.accounts.needsSetup())) return undefined
  if (!mayShow) return 'hidden'
  const base = config.gateway.publicUrl ?? urlHere(config, addresses)
  return base === undefined ? undefined : await setup.issue(base)
}
