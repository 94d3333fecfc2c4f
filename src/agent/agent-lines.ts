import { formatDuration } from '../core/units.ts'
import { namesOf } from '../core/wording.ts'
import type { AgentEvent } from './agent-events.ts'
import type { FoldedCount } from './folded-requests.ts'
import type { LocalModels } from './model-watch.ts'

/** What happens to an agent, and to the model server beside it. Texts may hold what a stranger wrote. */
export type ConnectEvent =
  | {
      readonly type: 'started'
      readonly profile: string
      /** The gateway's URL. */
      readonly gateway: string
      readonly upstream: LocalModels
    }
  /** What is known of the model server has changed. */
  | ({ readonly type: 'models' } & LocalModels)
  /** So many requests came that of these only the number is told. */
  | ({ readonly type: 'folded' } & FoldedCount)
  | AgentEvent

/** Whether it is about the link, and not about a request or the model server. */
export function isOfLink({ type }: ConnectEvent): boolean {
  return type !== 'started' && type !== 'models' && type !== 'request' && type !== 'folded'
}

/** How often the same reason for having no link is told again: attempts follow each other within seconds. */
const REPEAT_MS = 60_000

/** Leaves out what was told a moment ago. */
export class RepeatedLosses {
  #told: { readonly text: string; readonly atMs: number } | undefined

  /** Whether people have not just read that. */
  isNews(event: ConnectEvent, at: Date): boolean {
    if (event.type === 'connected' || event.type === 'goAway') this.#told = undefined
    if (event.type !== 'lost') return true
    const { text } = event
    if (this.#told?.text === text && at.getTime() - this.#told.atMs < REPEAT_MS) return false
    this.#told = { text, atMs: at.getTime() }
    return true
  }
}

/** An event as lines for people, each of its own time; none for what is not worth a line. */
export function linesOf(event: ConnectEvent, at: Date): string[] {
  if (event.type === 'started') {
    return [
      `Gateway    ${event.gateway} (profile ${event.profile})`,
      `Upstream   ${event.upstream.id}: ${modelsText(event.upstream)}`,
      '',
    ]
  }
  // A gateway looks every half minute: nobody wants to read that.
  if (event.type === 'request' && event.isProbe) return []
  const text = textOf(event)
  return text === undefined ? [] : [`${timeOf(at)}  ${text}`]
}

/** A model server's state and models in a few words. */
export function modelsText({ state, reason, server, version, models }: LocalModels): string {
  if (state !== 'up') return `no answer (${reason}). Requests will fail until it is there.`
  const name = [server ?? 'model server', version].filter((part) => part !== undefined).join(' ')
  return `${name}, ${namesOf(models ?? [])}`
}

function textOf(event: Exclude<ConnectEvent, { readonly type: 'started' }>): string | undefined {
  switch (event.type) {
    case 'connecting':
      return undefined
    case 'connected':
      return event.isResumed
        ? 'connected again, and running requests go on'
        : `connected as ${event.tunnel.label} (${event.tunnel.id})`
    case 'lost':
      return `not connected: ${sentence(event.text)} Next attempt in ${formatDuration(event.retryInMs)}.`
    case 'goAway':
      return `the gateway is about to close this connection (${event.text}): opening another`
    case 'stopped':
      return event.reason === 'stopped' ? 'stopped' : `stopped: ${event.reason}`
    case 'models':
      return `${event.id}: ${modelsText(event)}`
    case 'request':
      return requestText(event)
    case 'folded':
      return `and ${event.requests} more requests, ${event.failed} of which failed`
  }
}

function requestText(event: Extract<ConnectEvent, { readonly type: 'request' }>): string {
  const { method, route = `${method} (no such route)`, model = '-', status, durationMs, error } = event
  const columns = [
    route.padEnd(26),
    model.padEnd(24),
    String(status ?? '-').padStart(3),
    formatDuration(durationMs).padStart(8),
  ]
  if (error === undefined) return columns.join('  ')
  return [...columns, status === undefined ? error : `cut off: ${error}`].join('  ')
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function timeOf(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
