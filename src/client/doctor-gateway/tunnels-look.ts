import { plainCommand } from '../../config/own-command.ts'
import type { TunnelBody } from '../../contract/tunnels.ts'
import type { UpstreamBody } from '../../contract/upstreams.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import type { GatewaySurroundings } from './gateway-checks.ts'

const CONNECT = `On the machine of the model server, start the agent: ${plainCommand('connect')}; what keeps it from that says: ${plainCommand('doctor')}`

const MAX_NAMED = 5

/** Whether the agents of all tunnels are connected. */
export async function lookAtLinks({ control }: GatewaySurroundings): Promise<HopFinding> {
  const { tunnels } = await control.client.call('listTunnels', { query: { revoked: false, limit: 1_000 } })
  if (tunnels.length === 0) return { state: 'skipped', said: 'There are no tunnels.' }
  const away = tunnels.filter(({ state }) => state === 'away' || state === 'unpaired')
  const connected = tunnels.filter(({ state }) => state === 'connected' || state === 'resuming')
  if (away.length === 0) return { state: 'ok', said: named(connected.map(linkText)) }
  const said = named(away.map(awayText))
  const [first] = away
  const advice = first?.state === 'unpaired' ? `Pair its machine: ${plainCommand('pair URL')}` : CONNECT
  const direct = await directOf(control)
  const isAlone = connected.length === 0 && direct.length === 0
  return { state: isAlone ? 'broken' : 'warning', said, advice }
}

/** Whether the model servers behind connected agents answer. */
export async function lookAtAgents({ control }: GatewaySurroundings): Promise<HopFinding> {
  const { upstreams } = await control.client.call('listUpstreams')
  const { tunnels } = await control.client.call('listTunnels', { query: { revoked: false, limit: 1_000 } })
  const connected = tunnels.filter(({ state }) => state === 'connected')
  if (connected.length === 0) return { state: 'skipped', said: 'No agent is connected.' }
  const down = upstreams.filter(({ id, state }) => state === 'down' && connected.some((tunnel) => tunnel.id === id))
  if (down.length === 0) {
    const agents = connected.map(
      ({ label, machine }) => `The agent of ${label} is ${machine?.software ?? 'not known yet'}.`,
    )
    return { state: 'ok', said: named(agents) }
  }
  const isAlone = down.length === connected.length && (await directOf(control)).length === 0
  return {
    state: isAlone ? 'broken' : 'warning',
    said: down
      .map(({ label, reason }) => `The agent ${label} is connected, and its model server is not there: ${reason}.`)
      .join(' '),
    advice: `See on its machine what is wrong: ${plainCommand('doctor')}`,
  }
}

/** The upstreams that the gateway reaches itself and that answer. */
async function directOf(control: GatewaySurroundings['control']): Promise<readonly UpstreamBody[]> {
  const { upstreams } = await control.client.call('listUpstreams')
  return upstreams.filter(({ via, state }) => via === 'direct' && state === 'up')
}

/** A gateway may have thousands of tunnels. */
function named(texts: readonly string[]): string {
  const more = texts.length - MAX_NAMED
  return [...texts.slice(0, MAX_NAMED), ...(more > 0 ? [`And ${more} more.`] : [])].join(' ')
}

function linkText({ label, state, roundTripMs }: TunnelBody): string {
  if (state === 'resuming') return `The link of ${label} broke a moment ago, and its agent is expected back.`
  return `${label} is connected${roundTripMs === null ? '' : `, round trip ${Math.round(roundTripMs)} ms`}.`
}

function awayText({ label, state, lastSeenAt, machine }: TunnelBody): string {
  if (state === 'unpaired') return `The tunnel ${label} is paired with no machine.`
  const where = machine === null ? '' : ` of ${machine.name} (${machine.software})`
  // It is noted a while after an agent is there.
  const since = lastSeenAt === null ? '' : `; it was last seen ${lastSeenAt}`
  return `The agent${where} of the tunnel ${label} has no link${since}.`
}
