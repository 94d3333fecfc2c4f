import { Hono } from 'hono'
import { profileFlag } from '../config/agent-profile.ts'
import { listenOnSocket, type SocketListener } from '../control/socket-listener.ts'
import { AgentFailure } from './agent-failure.ts'
import { NoAnswer, openOwnerSocket } from './owner-socket.ts'

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
  const app = new Hono()
  app.get('/agent/v1/status', (context) => context.json(status()))
  app.post('/agent/v1/stop', (context) => {
    stop()
    return context.body(null, 204)
  })
  return listenOnSocket(app, path)
}

/** A running agent, to be asked. Each call throws AgentFailure `away` when it gives no answer. */
export interface AgentControl extends AsyncDisposable {
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
      throw cause instanceof NoAnswer ? noAnswer(profile, cause) : cause
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
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  }
}

function noAnswer(profile: string, cause: NoAnswer): AgentFailure {
  const message = cause.isSilent
    ? 'The agent accepts commands but does not answer: it may be suspended.'
    : `The agent ended before it answered. Start it: punku connect${profileFlag(profile)}`
  return new AgentFailure('away', message, { cause })
}

function isEnded(error: unknown): boolean {
  return error instanceof AgentFailure && error.cause instanceof NoAnswer && !error.cause.isSilent
}
