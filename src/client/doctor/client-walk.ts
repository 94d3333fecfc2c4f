import type { Check } from '../../diagnosis/walk.ts'
import { clockCheck } from '../../machine/clock-check.ts'
import { readyGatewayCheck } from '../../machine/way/gateway-check.ts'
import { timeThere } from '../../machine/way/time-there.ts'
import { wayChecks } from '../../machine/way/way-checks.ts'
import { agentCheck, firstTokenCheck, linkCheck, modelCheck, modelServerCheck, scopesCheck } from './answer-checks.ts'
import { ClientScene, type ClientWalkOptions } from './client-scene.ts'
import { configurationCheck } from './configuration-check.ts'
import { keyCheck } from './key-check.ts'
import { setupCheck, versionsCheck } from './setup-check.ts'
import { streamCheck } from './stream-check.ts'

/**
 * The way from this workstation to a model, hop by hop, by the gateway and key of a profile. Walking it asks the model for one
 * tiny and one short answer, and where the way seems to hold answers back for another tiny one.
 */
export function walkOfClient(options: ClientWalkOptions): readonly Check[] {
  const scene = new ClientScene(options)
  const { clock, platform, run } = options
  return [
    configurationCheck(scene),
    clockCheck({ clock, platform, run, elsewhere: (signal) => timeThere(scene, signal) }),
    ...wayChecks(scene, readyGatewayCheck),
    ...[keyCheck, scopesCheck, linkCheck, agentCheck, modelServerCheck, modelCheck, firstTokenCheck].map((check) =>
      check(scene),
    ),
    ...[streamCheck, setupCheck, versionsCheck].map((check) => check(scene)),
  ]
}
