import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import { GatewayAddress } from '../../http-client/gateway-address.ts'
import { WayScene } from '../../machine/way/way-scene.ts'
import { chooseProfile } from '../profiles.ts'
import type { AgentChecksOptions } from './agent-checks.ts'
import { filesOf, pairedProfile } from './profile-look.ts'

/** The way from an agent's machine to the gateway that it is paired with, and which that is once there is a profile. */
export class AgentScene extends WayScene {
  override readonly options: AgentChecksOptions
  #address: GatewayAddress | undefined

  constructor(options: AgentChecksOptions) {
    super(options)
    this.options = options
  }

  /** Throws as `pairedProfile` does. */
  override get address(): GatewayAddress {
    const { gatewayUrl: url } = pairedProfile(this.options)
    const { extraCa } = filesOf(this.options)
    this.#address ??= new GatewayAddress({ url, ...(extraCa === undefined ? {} : { extraCa }) })
    return this.#address
  }

  override readdressCommand(url: string): string {
    return this.#command(`pair ${url}`, ' --replace')
  }

  override trustCommand(): string {
    return this.#command('connect', ' --ca-file FILE')
  }

  #command(words: string, flags: string): string {
    const { home, profileName } = this.options
    return ownCommand(`${words}${profileFlag(chooseProfile(home, profileName))}${flags}`, home)
  }
}
