import { setTimeout as delay } from 'node:timers/promises'
import { openRunningControl } from '../../src/client/running-control.ts'
import { countAudited } from './count-audited.ts'
import { startHouse } from './house.ts'

const KILLS = 50
const LONGEST_MS = 700

/** The gateway is killed fifty times while keys are made, changed and revoked as fast as it can. */
export async function drillKills(): Promise<readonly string[]> {
  await using house = await startHouse()
  let changes = 0
  for (let count = 0; count < KILLS; count++) {
    const ending = new AbortController()
    const changing = change(house.home, () => changes++, ending.signal)
    await delay(Math.random() * LONGEST_MS)
    await house.stopGateway('SIGKILL')
    ending.abort()
    await changing
    if (count + 1 < KILLS) await house.startGateway()
  }
  const verified = await house.punku('audit', 'verify')
  const { keys, without } = await countAudited(house.home)
  return [
    `${KILLS} kills, ${changes} changes that were answered`,
    `${keys} keys; changes without their entry: ${without.length}${without.map((text) => `\n  ${text}`).join('')}`,
    `audit verify: exit code ${verified.code}`,
    ...verified.output
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}

/** Makes changes, four at a time, until the gateway is gone. */
async function change(home: string, made: () => void, ending: AbortSignal): Promise<void> {
  await using control = await openRunningControl({ home })
  if (control === undefined) return
  const { client } = control
  const one = async (): Promise<void> => {
    while (!ending.aborted) {
      try {
        const name = `drill ${Math.random().toString(36).slice(2)}`
        const { id } = await client.call('createKey', { body: { name } })
        made()
        if (Math.random() < 0.5) {
          await client.call('revokeKey', { params: { key: id } })
          made()
        }
      } catch {
        return
      }
    }
  }
  await Promise.all([one(), one(), one(), one()])
}
