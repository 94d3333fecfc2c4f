import { GatewayError } from '../../http-client/gateway-error.ts'
import type { TimeElsewhere } from '../clock-check.ts'
import type { WayScene } from './way-scene.ts'

/** The time in the gateway's first answer; `undefined`: nothing answers, or it does not tell. */
export async function timeThere(scene: WayScene, signal: AbortSignal): Promise<TimeElsewhere | undefined> {
  const contact = await scene.contact(signal)
  if (contact instanceof GatewayError) return undefined
  const { headers, certificate } = contact.answer
  const now = Date.parse(headers['date'] ?? '')
  if (!Number.isFinite(now)) return undefined
  const isValidAt = (at: number) =>
    certificate === undefined || (at >= certificate.validFromAt && at <= certificate.validToAt)
  return { now, isUntrustedHere: !isValidAt(scene.options.clock.now()) && isValidAt(now) }
}
