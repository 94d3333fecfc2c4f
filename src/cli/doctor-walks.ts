import type { Check } from '../diagnosis/walk.ts'

/** A way that is walked on this machine. */
export interface MachineWalk {
  /** What this machine is on it. */
  readonly as: 'client' | 'agent' | 'gateway'
  /** What is walked, as a line above its steps. */
  readonly title: string
  readonly checks: readonly Check[]
}

/** Which walks are asked for, and with what. */
export interface WalksWanted {
  readonly home: string
  readonly configFile: string | undefined
  /** Those asked for; none: what this machine is. */
  readonly only: ReadonlySet<MachineWalk['as']>
  /** Of the client; default: the one that was written last. */
  readonly clientProfile: string | undefined
  /** Of the agent; default: each there is. */
  readonly agentProfile: string | undefined
  readonly model: string | undefined
  readonly answerMs: number
  readonly loadMs: number
  readonly onWait: (what: string) => void
}

/**
 * The walks of this machine, in their order: as a client, as an agent, as the gateway's own. A machine that is none of them is
 * walked as a client, which says how it becomes one.
 */
export async function walksHere(wanted: WalksWanted): Promise<readonly MachineWalk[]> {
  const { only } = wanted
  const isWanted = (as: MachineWalk['as'], isHere: boolean) => (only.size === 0 ? isHere : only.has(as))
  const walks: MachineWalk[] = []
  if (isWanted('client', await isClient(wanted.home))) walks.push(await clientWalk(wanted))
  return walks.length > 0 ? walks : [await clientWalk(wanted)]
}

async function isClient(home: string): Promise<boolean> {
  const [{ clientProfilesFile }, { existsSync }] = await Promise.all([
    import('../client/profiles/client-profile.ts'),
    import('node:fs'),
  ])
  return existsSync(clientProfilesFile(home))
}

async function clientWalk(wanted: WalksWanted): Promise<MachineWalk> {
  const [{ walkOfClient }, { systemClock }] = await Promise.all([
    import('../client/doctor/client-walk.ts'),
    import('../core/clock.ts'),
  ])
  const { home, clientProfile, model, answerMs, loadMs, onWait } = wanted
  return {
    as: 'client',
    title: 'As a client, from this machine to a model',
    checks: walkOfClient({
      home,
      profileName: clientProfile,
      model,
      clock: systemClock,
      env: process.env,
      platform: process.platform,
      answerMs,
      loadMs,
      drift: async () => [],
      unfit: async () => [],
      onWait,
    }),
  }
}
