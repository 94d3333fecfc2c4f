import type { Command } from 'commander'
import { type AgentReport, reportAgents } from '../../app/agents.ts'
import { namesOf } from '../../app/greeting.ts'
import { openRunningControl } from '../../app/local-control.ts'
import { profileFlag } from '../../config/agent-profile.ts'
import type { StatusBody } from '../../control/contract/gateway.ts'
import { PunkuError } from '../../core/error.ts'
import { formatDuration } from '../../core/units.ts'
import { localTime, print, printJson, visible } from '../output.ts'
import { placeOf } from '../place.ts'

/** `punku status`: what the gateway and the agents of this state folder say of themselves. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description(
      'Show whether gateway and agents run here, where they listen or connect to, and how their upstreams are.',
    )
    .option('--json', 'print JSON')
    .action(async (flags: { json?: true }, command: Command) => {
      const { home } = placeOf(command)
      const [gateway, agents] = await Promise.all([gatewayStatus(home), reportAgents(home)])
      if (gateway === undefined && agents.every(({ agent }) => agent === null)) {
        if (agents.length === 0)
          throw notRunning('No gateway runs with this state folder. Start one with `punku serve`.')
        if (flags.json) printJson({ agents })
        else for (const report of agents) printAgent(report)
        throw notRunning('Neither a gateway nor an agent runs with this state folder.')
      }
      if (flags.json) {
        printJson({ ...gateway, agents })
        return
      }
      if (gateway !== undefined) printGateway(gateway)
      for (const report of agents) printAgent(report)
    })
}

async function gatewayStatus(home: string): Promise<StatusBody | undefined> {
  await using control = await openRunningControl({ home })
  return await control?.client.call('status')
}

function notRunning(message: string): PunkuError {
  return new PunkuError('gateway_not_running', message)
}

function printGateway(status: StatusBody): void {
  print(`Gateway    runs since ${localTime(status.startedAt)} (pid ${status.pid}, Punku ${status.version})`)
  for (const address of status.addresses) print(`Listening  ${address}`)
  for (const upstream of status.upstreams) {
    const name = visible([upstream.server ?? upstream.kind, upstream.version].filter(Boolean).join(' '))
    const models =
      upstream.modelCount === null ? '' : `, ${upstream.modelCount} ${upstream.modelCount === 1 ? 'model' : 'models'}`
    const state = upstream.state === 'up' ? `up, ${name}${models}` : `${upstream.state}: ${upstream.reason}`
    print(`Upstream   ${visible(upstream.label)}: ${state}`)
  }
  for (const { upstreamId, address } of status.exposures) {
    print(`WARNING    ${upstreamId} also answers on ${address}, past the gateway and without a key.`)
  }
  print(`Running    ${countOf(status.liveExchanges, 'request')}`)
}

/** One agent as lines; each continues under the name of its profile. */
function printAgent({ profile, agent, paired, problem }: AgentReport): void {
  const [first = '', ...rest] = agent === null ? idleLines(profile, paired, problem) : runningLines(agent)
  print(`Agent      ${profile}: ${visible(first)}`)
  for (const line of rest) print(`           ${visible(line)}`)
}

function idleLines(profile: string, paired: AgentReport['paired'], problem: string | null): string[] {
  const lines = [problem ?? `does not run. Start it: punku connect${profileFlag(profile)}`]
  if (paired !== null) lines.push(`tunnel ${paired.label} at ${paired.gateway}, for ${paired.upstream}`)
  return lines
}

function runningLines(agent: NonNullable<AgentReport['agent']>): string[] {
  const { link, tunnel, gateway, upstream, streams, lastError } = agent
  const trip = link.roundTripMs === null ? '' : `, round trip ${formatDuration(link.roundTripMs)}`
  return [
    `${LINK_STATES[link.state]} since ${localTime(link.since)}${trip} (pid ${agent.pid}, Punku ${agent.version})`,
    `tunnel ${tunnel.label} at ${gateway}`,
    `upstream ${upstream.url}: ${upstreamText(upstream)}`,
    `${countOf(streams, 'request')} running`,
    ...(lastError === null ? [] : [`last error ${localTime(lastError.at)}: ${lastError.text}`]),
  ]
}

const LINK_STATES = {
  connecting: 'connecting',
  connected: 'connected',
  waiting: 'not connected',
  stopped: 'stopped',
} as const

function upstreamText({
  state,
  reason,
  server,
  version,
  models,
}: NonNullable<AgentReport['agent']>['upstream']): string {
  if (state !== 'up') return `${state}: ${reason}`
  return `up, ${[server, version].filter((part) => part !== null).join(' ')}, ${namesOf(models ?? [])}`
}

function countOf(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
