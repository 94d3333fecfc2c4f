import { formatDuration } from '../../core/units.ts'
import type { Check } from '../../diagnosis/walk.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import type { ClientScene } from './client-scene.ts'

/** Codes and certificates bear this much. */
const MAX_SKEW_MS = 300_000

const SET_TIME: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'sudo sntp -sS time.apple.com',
  win32: 'w32tm /resync',
}

/** This machine's time, beside that of the gateway's answers. */
export function clientClockCheck(scene: ClientScene): Check {
  return {
    hop: 'clock',
    title: 'The clock of this machine is right',
    look: async (signal) => {
      const contact = await scene.contact(signal)
      if (contact instanceof GatewayError) {
        return { state: 'skipped', said: 'It cannot be compared: nothing has answered yet, and what follows says why.' }
      }
      const { clock, platform } = scene.options
      const theirs = Date.parse(contact.answer.headers['date'] ?? '')
      if (!Number.isFinite(theirs)) return { state: 'skipped', said: 'The gateway does not say what time it has.' }
      const ours = clock.now()
      const offMs = ours - theirs
      if (Math.abs(offMs) <= MAX_SKEW_MS) return { state: 'ok', said: "It agrees with the gateway's." }
      const off = `${formatDuration(Math.abs(offMs))} ${offMs > 0 ? 'ahead of' : 'behind'} the gateway's`
      const advice = `Compare both with a clock that you trust. Set this machine's: ${SET_TIME[platform] ?? 'sudo timedatectl set-ntp true'}`
      const { certificate } = contact.answer
      const isValidAt = (at: number) =>
        certificate === undefined || (at >= certificate.validFromAt && at <= certificate.validToAt)
      if (isValidAt(ours) || !isValidAt(theirs)) return { state: 'warning', said: `It is ${off}.`, advice }
      return {
        state: 'broken',
        said: `It is ${off}. By the time here the gateway's certificate is not valid, by the time there it is.`,
        advice,
      }
    },
  }
}
