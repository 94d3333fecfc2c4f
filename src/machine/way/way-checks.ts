import type { Check } from '../../diagnosis/walk.ts'
import { connectionCheck } from './connection-check.ts'
import { dnsCheck } from './dns-check.ts'
import { proxyCheck } from './proxy-check.ts'
import { tlsCheck } from './tls-check.ts'
import type { WayScene } from './way-scene.ts'

/** The hops from a machine to its gateway, in their order; the clock, by which certificates are judged, comes before them. */
export function wayChecks(scene: WayScene, gatewayCheck: (scene: WayScene) => Check): readonly Check[] {
  return [proxyCheck, dnsCheck, connectionCheck, tlsCheck, gatewayCheck].map((check) => check(scene))
}
