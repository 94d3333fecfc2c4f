import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { Place } from '../cli/punku.ts'
import { type Ended, runCommand } from './run-command.ts'

/** What a workstation is given of its gateway. */
export interface ClientPlaceOptions {
  readonly url: string
  /** Default: one that no gateway knows. */
  readonly key?: string
  /** An authority to trust, PEM. Default: none. */
  readonly ca?: string
  readonly model?: string
}

/** A state folder of a workstation that has a profile, and the doctor in it. */
export class ClientPlace extends Place {
  constructor({ url, key = 'pk_unknown_secret', ca, model }: ClientPlaceOptions) {
    super()
    ensureHome(this.home)
    const caFile = ca === undefined ? undefined : join(this.folder, 'ca.pem')
    if (caFile !== undefined) writeFileSync(caFile, ca ?? '')
    writeClientProfile(this.home, { name: 'default', url, key: new Secret(key), caFile, model })
  }

  /** Walks the client's way. @param env what the environment has beside nothing */
  doctor(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return runCommand({ args: ['doctor', '--client', ...args, '--home', this.home], cwd: this.folder, env })
  }
}
