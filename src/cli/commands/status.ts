import type { Command } from 'commander'
import type { AgentReport } from '../../agent/agents.ts'
import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import type { StatusBody } from '../../contract/gateway.ts'
import type { UpstreamStatusBody } from '../../contract/upstreams.ts'
import { PunkuError } from '../../core/error.ts'
import { openableHere } from '../../core/openable-url.ts'
import { formatDuration } from '../../core/units.ts'
import { namesOf } from '../../core/wording.ts'
import { contextOf, gatewayGiven, openControl } from '../command-context.ts'
import { localTime, print, printJson, visible } from '../output.ts'

/** `punku status`: what the gateway and the agents of this state folder say of themselves, or a gateway that is named. */
export function defineStatus(command: Command): void {
  command.option('--json', 'print JSON').action(async (flags: { json?: true }) => {
    const { home } = contextOf(command)
    if (gatewayGiven(command) !== undefined) {
      await using control = await openControl(command)
      const status = await control.client.call('status')
      if (flags.json) printJson(status)
      else printGateway(status)
      return
    }
    const [gateway, agents] = await Promise.all([gatewayStatus(home), agentReports(home)])
    if (gateway === undefined && agents.every(({ agent }) => agent === null)) {
      if (agents.length === 0)
        throw notRunning(`No gateway runs with this state folder. Start one: ${ownCommand('serve', home)}`)
      if (flags.json) printJson({ agents })
      else for (const report of agents) printAgent(report, home)
      throw notRunning('Neither a gateway nor an agent runs with this state folder.')
    }
    if (flags.json) {
      printJson({ ...gateway, agents })
      return
    }
    if (gateway !== undefined) printGateway(gateway)
    for (const report of agents) printAgent(report, home)
  })
}

async function gatewayStatus(home: string): Promise<StatusBody | undefined> {
  const { openRunningControl } = await import('../../client/running-control.ts')
  await using control = await openRunningControl({ home })
  return await control?.client.call('status')
}

async function agentReports(home: string): Promise<readonly AgentReport[]> {
  const { reportAgents } = await import('../../agent/agents.ts')
  return await reportAgents(home)
}

function notRunning(message: string): PunkuError {
  return new PunkuError('gateway_not_running', message)
}

function printGateway(status: StatusBody): void {
  print(visible(`Gateway    runs since ${localTime(status.startedAt)} (pid ${status.pid}, Punku ${status.version})`))
  for (const address of status.addresses) print(visible(`Listening  ${address}`))
  const [address] = status.addresses
  const page = status.publicUrl ?? (address && openableHere(address))
  if (page !== undefined) print(visible(`Dashboard  ${page}/ui/`))
  if (status.upstreams.length === 0) print('Upstream   none yet: no model can be asked')
  for (const upstream of status.upstreams) print(upstreamLine(upstream))
  for (const { upstreamId, address } of status.exposures) {
    print(visible(`WARNING    ${upstreamId} also answers on ${address}, past the gateway and without a key.`))
  }
  for (const { text, since, count } of status.troubles) {
    print(visible(`TROUBLE    ${text} (${count} ${count === 1 ? 'time' : 'times'} since ${localTime(since)})`))
  }
  const { connections, rows, liveExchanges } = status
  print(`Requests   ${liveExchanges} running now`)
  print(`Clients    ${countOf(connections.open, 'connection')} open, ${connections.limit} at most`)
  if (rows.dropped > 0) print(`Rows       ${rows.unwritten} not written yet, ${rows.dropped} given up`)
  else if (rows.unwritten > 0) print(`Rows       ${rows.unwritten} not written yet`)
}

/** One that an agent serves stands under another name: it is mended beside its model server. */
function upstreamLine({ via, label, server, kind, version, state, reason, modelCount }: UpstreamStatusBody): string {
  const name = [server ?? kind, version].filter((part) => part !== null).join(' ')
  const models = modelCount === null ? '' : `, ${countOf(modelCount, 'model')}`
  const text = state === 'up' ? `up, ${name}${models}` : [STATES[state], reason].filter(Boolean).join(': ')
  return `${via === 'tunnel' ? 'Tunnel  ' : 'Upstream'}   ${visible(`${label}: ${text}`)}`
}

const STATES = { unprobed: 'not asked yet', down: 'down' } as const

/** One agent as lines; each continues under the name of its profile. */
function printAgent({ profile, agent, paired, problem }: AgentReport, home: string): void {
  const [first = '', ...rest] = agent === null ? idleLines({ profile, paired, problem }, home) : runningLines(agent)
  print(`Agent      ${profile}: ${visible(first)}`)
  for (const line of rest) print(`           ${visible(line)}`)
}

function idleLines({ profile, paired, problem }: Omit<AgentReport, 'agent'>, home: string): string[] {
  const lines = [problem ?? `does not run. Start it: ${ownCommand(`connect${profileFlag(profile)}`, home)}`]
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
  if (state !== 'up') return [STATES[state], reason].filter(Boolean).join(': ')
  return `up, ${[server, version].filter((part) => part !== null).join(' ')}, ${namesOf(models ?? [])}`
}

function countOf(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
