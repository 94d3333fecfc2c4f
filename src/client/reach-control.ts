import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import { ownCommand } from '../config/own-command.ts'
import type { ControlAccess } from '../contract/control-access.ts'
import { PunkuError } from '../core/error.ts'
import { shellWord } from '../core/wording.ts'
import { gatewayPath } from './gateway-url.ts'
import { readLogins } from './logins.ts'
import { openRemoteControl } from './remote-control.ts'
import { openRunningControl, type RunningControlOptions } from './running-control.ts'

export interface ReachControlOptions extends RunningControlOptions {
  readonly configFile?: string | undefined
  /** Opens the control API over the state folder's database, in this process: for where no gateway runs. */
  readonly openOffline: () => Promise<ControlAccess>
  /** The gateway that is meant, where it is not this machine's. */
  readonly gateway?: string | undefined
}

/**
 * Reaches the control API that a command means: of the gateway it names, at which this user is signed in; else of the
 * one that runs on this machine, or whose database is here; else of the gateway this user signed in at last.
 * @throws ConfigError when that cannot be used, or nobody is signed in there.
 */
export async function reachControl(options: ReachControlOptions): Promise<ControlAccess> {
  const { home, gateway, org, answerTimeoutMs } = options
  const patience = answerTimeoutMs === undefined ? {} : { answerTimeoutMs }
  const logins = readLogins(home)
  if (gateway !== undefined) {
    const wanted = gatewayPath(gateway)
    const login = logins.find(({ url }) => url === wanted)
    if (login === undefined) {
      // It may hold a password by mistake, and need be no address at all.
      const url = URL.parse(wanted)
      if (url === null || url.host === '' || url.username !== '' || url.password !== '') {
        throw new ConfigError([
          'The gateway that is named (--gateway, PUNKU_GATEWAY) is no address of one. It is that of the dashboard, without /ui, user and password.',
        ])
      }
      throw new ConfigError([
        `You are not signed in at ${wanted}. Sign in: ${ownCommand(`login ${shellWord(wanted)}`, home)}`,
      ])
    }
    return openRemoteControl(withoutOrg(home, login, org), patience)
  }
  const running = await openRunningControl(options)
  if (running !== undefined) return running
  const [last] = logins
  if (last === undefined) return await options.openOffline()
  const isHere = options.configFile !== undefined || HERE.some((file) => existsSync(join(home, file)))
  return isHere ? await options.openOffline() : openRemoteControl(withoutOrg(home, last, org), patience)
}

/** What a gateway of this machine has left in its state folder. */
const HERE = ['punku.db', 'punku.yaml'] as const

function withoutOrg<Login>(home: string, login: Login, org: string | undefined): Login {
  if (org === undefined) return login
  throw new PunkuError(
    'invalid_request',
    `--org is for the gateway of this machine. Elsewhere the org is that of the session: ${ownCommand('orgs use ORG', home)}`,
    { param: 'org' },
  )
}
