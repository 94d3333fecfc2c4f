import { createServer } from 'node:http'
import { ownCommand } from '../config/own-command.ts'
import { profileFlag } from '../config/profile-name.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { NoAnswer, openOwnerSocket } from '../system/owner-socket.ts'
import { listenOnSocket, type SocketListener } from '../system/socket-listener.ts'

/** A running agent answers from memory: one that takes longer is suspended. */
const ANSWER_TIMEOUT_MS = 5_000

/** What a running agent says of itself. Times are ISO 8601 in UTC. */
export interface AgentStatusBody {
  readonly profile: string
  readonly pid: number
  readonly version: string
  readonly startedAt: string
  /** The gateway's URL. */
  readonly gateway: string
  readonly tunnel: { readonly id: string; readonly label: string }
  readonly link: {
    readonly state: 'connecting' | 'connected' | 'waiting' | 'stopped'
    /** Since when it is in this state. */
    readonly since: string
    /** `null` before a first round trip was measured on this link. */
    readonly roundTripMs: number | null
  }
  /** Requests it serves now. */
  readonly streams: number
  /** What went wrong last, with link or request; `null` when nothing has. */
  readonly lastError: { readonly at: string; readonly text: string } | null
  readonly upstream: {
    readonly url: string
    readonly state: 'unprobed' | 'up' | 'down'
    /** Why it is down, for people. Empty when up. */
    readonly reason: string
    readonly server: string | null
    readonly version: string | null
    /** As the server spells them; `null` before it has told of any. */
    readonly models: readonly string[] | null
  }
}

export interface AgentControlOptions {
  readonly status: () => AgentStatusBody
  /** Begins a clean stop; the answer does not wait for it. */
  readonly stop: () => void
}

/** Takes commands for a running agent on its socket; whoever can open it is the owner. */
export function listenForAgent(path: string, { status, stop }: AgentControlOptions): Promise<SocketListener> {
  const server = createServer((request, response) => {
    const target = `${request.method} ${request.url}`
    if (target === 'GET /agent/v1/status') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(status()))
    } else if (target === 'POST /agent/v1/stop') {
      stop()
      response.writeHead(204).end()
    } else response.writeHead(404).end()
  })
  return listenOnSocket(server, path)
}

/** A running agent, to be asked. Each call throws CommandFailure `away` when it gives no answer. */
export interface AgentControl {
  status(): Promise<AgentStatusBody>
  stop(): Promise<void>
}

/**
 * The running agent of a profile; `undefined` when none runs.
 * @throws ConfigError when its socket cannot be used.
 */
export async function openAgentControl(home: string, profile: string): Promise<AgentControl | undefined> {
  const socket = await openOwnerSocket({ home, name: `agent-${profile}`, answerTimeoutMs: ANSWER_TIMEOUT_MS })
  if (socket === undefined) return undefined
  const ask = async (method: string, path: string): Promise<Response> => {
    try {
      return await socket.fetch(`/agent/v1${path}`, { method })
    } catch (cause) {
      throw cause instanceof NoAnswer ? noAnswer(home, profile, cause) : cause
    }
  }
  return {
    // Both sides are of one version: the same package, on the same machine.
    status: async () => (await (await ask('GET', '/status')).json()) as AgentStatusBody,
    async stop() {
      try {
        await ask('POST', '/stop')
      } catch (error) {
        // An idle agent may have ended before its answer was out.
        if (!isEnded(error)) throw error
      }
    },
  }
}

function noAnswer(home: string, profile: string, cause: NoAnswer): CommandFailure {
  const message = cause.isSilent
    ? 'The agent accepts commands but does not answer: it may be suspended.'
    : `The agent ended before it answered. Start it: ${ownCommand(`connect${profileFlag(profile)}`, home)}`
  return new CommandFailure('away', message, { cause })
}

function isEnded(error: unknown): boolean {
  return error instanceof CommandFailure && error.cause instanceof NoAnswer && !error.cause.isSilent
}
