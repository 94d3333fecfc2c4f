import type { Check } from '../../diagnosis/walk.ts'
import { agentCheck, firstTokenCheck, linkCheck, modelCheck, modelServerCheck, scopesCheck } from './answer-checks.ts'
import { ClientScene, type ClientWalkOptions } from './client-scene.ts'
import { clientClockCheck } from './clock-check.ts'
import { configurationCheck } from './configuration-check.ts'
import { connectionCheck } from './connection-check.ts'
import { dnsCheck } from './dns-check.ts'
import { gatewayCheck } from './gateway-check.ts'
import { keyCheck } from './key-check.ts'
import { proxyCheck } from './proxy-check.ts'
import { setupCheck, versionsCheck } from './setup-check.ts'
import { streamCheck } from './stream-check.ts'
import { tlsCheck } from './tls-check.ts'

/**
 * The way from this workstation to a model, hop by hop, by the gateway and key of a profile. Walking it asks the model for one
 * tiny and one short answer, and where the way seems to hold answers back for another tiny one.
 */
export function walkOfClient(options: ClientWalkOptions): readonly Check[] {
  const scene = new ClientScene(options)
  return [
    configurationCheck,
    clientClockCheck,
    proxyCheck,
    dnsCheck,
    connectionCheck,
    tlsCheck,
    gatewayCheck,
    keyCheck,
    scopesCheck,
    linkCheck,
    agentCheck,
    modelServerCheck,
    modelCheck,
    firstTokenCheck,
    streamCheck,
    setupCheck,
    versionsCheck,
  ].map((check) => check(scene))
}
