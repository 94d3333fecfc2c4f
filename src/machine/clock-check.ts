import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import type { Check, HopFinding } from '../diagnosis/walk.ts'
import type { RunProgram } from './run-program.ts'

/** Answers take seconds on slow ways, and `Date` has whole ones. */
const TOLERATED_MS = 60_000

/** The time of another machine. */
export interface TimeElsewhere {
  /** Epoch milliseconds. */
  readonly now: number
  /** Its certificate is not valid by the time of this machine, and is by that. */
  readonly isUntrustedHere: boolean
}

export interface ClockCheckOptions {
  readonly clock: Clock
  readonly platform: NodeJS.Platform
  readonly run: RunProgram
  /** What a gateway takes for the time; `undefined`: it did not tell. Default: none is asked. */
  readonly elsewhere?: (signal: AbortSignal) => Promise<TimeElsewhere | undefined>
}

/** Looks whether the clock of this machine is right: beside another one, and whether the system keeps it so. */
export function clockCheck(options: ClockCheckOptions): Check {
  return { hop: 'clock', title: 'The clock of this machine is right', look: (signal) => lookAtClock(options, signal) }
}

async function lookAtClock(
  { clock, platform, run, elsewhere }: ClockCheckOptions,
  signal: AbortSignal,
): Promise<HopFinding> {
  const advice = setClock(platform)
  const there = await elsewhere?.(signal)
  if (there !== undefined) {
    const offByMs = clock.now() - there.now
    const said = `It is ${formatDuration(Math.abs(offByMs))} ${offByMs > 0 ? 'ahead of' : 'behind'} the gateway's.`
    if (Math.abs(offByMs) >= TOLERATED_MS) {
      if (!there.isUntrustedHere) return { state: 'warning', said, advice }
      const why = "By the time here the gateway's certificate is not valid, by the time there it is."
      return { state: 'broken', said: `${said} ${why}`, advice }
    }
  }
  const isKept = platform === 'linux' ? await isSynchronised(run) : undefined
  if (isKept === false) {
    return { state: 'warning', said: 'Nothing sets the clock of this machine by a time server (NTP).', advice }
  }
  if (there !== undefined) return { state: 'ok', said: "It agrees with the gateway's." }
  if (isKept === true) return { state: 'ok', said: 'It is set by a time server (NTP).' }
  return { state: 'skipped', said: 'Nothing here tells whether the clock is right.' }
}

async function isSynchronised(run: RunProgram): Promise<boolean | undefined> {
  const end = await run('timedatectl', ['show', '-p', 'NTPSynchronized'])
  const said = /^NTPSynchronized=(yes|no)$/m.exec(end?.status === 0 ? end.stdout : '')?.[1]
  return said === undefined ? undefined : said === 'yes'
}

function setClock(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'darwin':
      return 'Set it by a time server: sudo sntp -sS time.apple.com'
    case 'win32':
      return 'Set it by a time server: w32tm /resync'
    default:
      return 'Set it by a time server: sudo timedatectl set-ntp true'
  }
}
