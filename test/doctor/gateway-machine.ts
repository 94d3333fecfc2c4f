import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GatewayChecksOptions, gatewayChecks } from '../../src/client/doctor-gateway/gateway-checks.ts'
import { ensureHome } from '../../src/config/home.ts'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createLog } from '../../src/core/log.ts'
import type { Hop } from '../../src/diagnosis/hop.ts'
import { brokenHop, type HopFinding, type Step, walk } from '../../src/diagnosis/walk.ts'
import { startServe } from '../../src/gateway/serve/serve.ts'
import { openLocalControl } from '../support/local-control.ts'
import { KEPT_CLOCK, type ScriptedPrograms, scriptedPrograms } from './programs.ts'

/** What a walk came to. */
export interface Walked {
  readonly steps: readonly Step[]
  readonly brokenAt: Hop | undefined
  /** The last finding at a hop. */
  at(hop: Hop): HopFinding
}

/** A walk's steps, so that a test can ask for what was seen. */
export function walkedOf(steps: readonly Step[]): Walked {
  return {
    steps,
    brokenAt: brokenHop(steps),
    at(hop) {
      const found = steps.findLast((step) => step.hop === hop)
      if (found === undefined) throw new Error(`nothing was seen at ${hop}: ${JSON.stringify(steps)}`)
      return found.finding
    },
  }
}

/** A machine for a gateway: a state folder of its own with this configuration. Disposing it ends the gateway. */
export class GatewayMachine implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'punku-doctor-'))
  readonly #programs: ScriptedPrograms
  #stop: (() => Promise<void>) | undefined

  constructor(config: Readonly<Record<string, unknown>>, programs: Readonly<Record<string, string>> = KEPT_CLOCK) {
    ensureHome(this.home)
    this.#programs = scriptedPrograms(programs)
    // JSON is YAML.
    writeFileSync(join(this.home, 'punku.yaml'), JSON.stringify(config))
  }

  /** Starts the gateway, in this process. */
  async serve(): Promise<this> {
    const log = createLog({ level: 'silent', format: 'json' })
    const running = await startServe({ home: this.home, flags: {}, env: {}, mayShowKey: false, log })
    this.#stop = () => running.destroy()
    return this
  }

  /** Goes the doctor's whole walk. */
  async walk(options: Partial<GatewayChecksOptions> & { readonly fixes?: boolean } = {}): Promise<Walked> {
    const { fixes = false, ...given } = options
    let opened: Promise<ControlAccess> | undefined
    const control = () => (opened ??= openLocalControl({ home: this.home, env: {} }))
    const checks = gatewayChecks({
      home: this.home,
      configFile: undefined,
      env: {},
      clock: systemClock,
      platform: process.platform,
      control,
      run: this.#programs.run,
      interfaces: () => ({}),
      ufwFile: join(this.#programs.folder, 'ufw.conf'),
      ...given,
    })
    try {
      return walkedOf(await walk(checks, { fixes, signal: new AbortController().signal }))
    } finally {
      await (await opened)?.[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop?.()
    this.#programs[Symbol.dispose]()
    rmSync(this.home, { recursive: true, force: true })
  }
}
