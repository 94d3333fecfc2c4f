import { pino } from 'pino'
import { expect } from 'vitest'
import type { z } from 'zod'
import { operations } from '../../src/contract/operations.ts'
import { Secret } from '../../src/core/secret.ts'
import { KeyService } from '../../src/gateway/access/key-service.ts'
import { hashSecret } from '../../src/gateway/access/key-text.ts'
import { type Control, type ControlOptions, createControl } from '../../src/gateway/control/control.ts'
import { Exports } from '../../src/gateway/control/exports.ts'
import { ModelRuleService } from '../../src/gateway/models/model-rule-service.ts'
import { type Actor, localActor } from '../../src/gateway/orgs/actor.ts'
import { parseOrgSettings } from '../../src/gateway/orgs/org-settings.ts'
import { AccessTokens } from '../../src/gateway/relay/access-tokens.ts'
import { PairingService } from '../../src/gateway/relay/pairing-service.ts'
import { TunnelService } from '../../src/gateway/relay/tunnel-service.ts'
import { Counts } from '../../src/gateway/store/counts.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { KeyRepository } from '../../src/gateway/store/key-repository.ts'
import { ModelRuleRepository } from '../../src/gateway/store/model-rule-repository.ts'
import { OrgRepository } from '../../src/gateway/store/org-repository.ts'
import { PairingRepository } from '../../src/gateway/store/pairing-repository.ts'
import { PersonNames } from '../../src/gateway/store/person-names.ts'
import type { AuditRow } from '../../src/gateway/store/schema.ts'
import { ToolSessionRepository } from '../../src/gateway/store/tool-session-repository.ts'
import { TunnelRepository } from '../../src/gateway/store/tunnel-repository.ts'
import { UsageRepository } from '../../src/gateway/store/usage-repository.ts'
import { TURN_ROUTES } from '../../src/servers/turn-routes.ts'
import { openTestChains } from './chains.ts'
import { ManualClock } from './clock.ts'
import { testPeople } from './people-parts.ts'
import type { SignedNote } from './test-audit.ts'

const pepper = new Secret('pepper')

/** What the configuration says of models. */
const CONFIGURED = {
  models: [{ match: 'set*', defaults: { num_ctx: 2_048 } }],
  aliases: [{ name: 'set', model: 'tiny' }],
}

type OperationName = keyof typeof operations
type JsonAnswer = { readonly content: { readonly 'application/json': { readonly schema: z.ZodType } } }
/** What an operation answers when it succeeds. */
export type Answer<Name extends OperationName> = z.output<SuccessSchema<Name>>
type SuccessSchema<Name extends OperationName> = {
  [Status in keyof (typeof operations)[Name]['responses']]: (typeof operations)[Name]['responses'][Status] extends {
    content: { 'application/json': { schema: infer Schema extends z.ZodType } }
  }
    ? Schema
    : never
}[keyof (typeof operations)[Name]['responses']]

/** An entry of the audit log as the note it was made of. */
export function noteOf(entry: AuditRow): SignedNote {
  return {
    actor: {
      kind: entry.actor_kind,
      personId: entry.actor_id ?? undefined,
      name: entry.actor_name,
      address: entry.address,
    },
    orgId: entry.org_id ?? undefined,
    action: entry.action,
    target: { id: entry.target_id ?? undefined, name: entry.target_name ?? undefined },
    ...(entry.before === null ? {} : { before: JSON.parse(entry.before) }),
    ...(entry.after === null ? {} : { after: JSON.parse(entry.after) }),
  }
}

/** A control API on a database of its own, and its parts. Its clock moves only by hand. */
export async function openTestControl(open: () => Promise<OpenDatabase>, given: Partial<ControlOptions> = {}) {
  const database = await open()
  const clock = new ManualClock()
  const { store, requests, trail, audit: auditLog } = await openTestChains(database, clock)
  const usage = new UsageRepository(database)
  const toolSessions = new ToolSessionRepository(database, TURN_ROUTES)
  const personNames = new PersonNames(database)
  const settingsOf = async (orgId: string, { db }: Pick<OpenDatabase, 'db'> = database) =>
    parseOrgSettings((await new OrgRepository({ db }).find(orgId))?.settings ?? '')
  const hash = (secret: string) => hashSecret(pepper, secret)
  const keys = new KeyService({
    store,
    repository: new KeyRepository(database),
    hash,
    clock,
    memberKeyRules: async (orgId, change) => (await settingsOf(orgId, change)).memberKeys,
  })
  const accessTokens = new AccessTokens({ pepper, clock })
  const repository = new TunnelRepository(database)
  const tunnels = new TunnelService({ store, repository, hash })
  const pairings = new PairingService({
    store,
    pairings: new PairingRepository(database),
    tunnels: repository,
    accessTokens,
    counts: new Counts({ database, hash, clock }),
    hash,
    clock,
  })
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const notes: SignedNote[] = []
  store.onRecorded((entry) => void notes.push(noteOf(entry)))
  const actorOf: ControlOptions['actorOf'] = (context) => {
    // By its socket nothing comes along: whoever reaches that is the owner.
    const env = context.env as CallerEnv | undefined
    return env === undefined ? localActor() : env.actor
  }
  const now = () => clock.now()
  const people = testPeople({ database, store, hash, clock, log })
  const app = createControl({
    ...people,
    keys,
    requests,
    usage,
    toolSessions,
    personNames,
    settingsOf,
    tunnels,
    pairings,
    modelRuleService: new ModelRuleService({
      store,
      repository: new ModelRuleRepository(database),
      configured: CONFIGURED,
    }),
    actorOf,
    trail,
    exports: new Exports(),
    log,
    now,
    clock,
    ...given,
  })
  return {
    ...people,
    store,
    app,
    clock,
    database,
    auditLog,
    keys,
    tunnels,
    pairings,
    requests,
    logLines,
    /** What was handed in for the audit log. */
    notes,
    ...callsOf(app, localActor()),
    /** The same calls by somebody else; `undefined`: nobody is signed in. */
    as: (actor: Actor | undefined) => callsOf(app, actor),
  }
}

interface CallerEnv {
  readonly actor: Actor | undefined
}

function callsOf(app: Control, actor: Actor | undefined) {
  const env: CallerEnv = { actor }
  const send = async (method: string, path: string, body?: unknown): Promise<Response> =>
    await app.request(
      `/control/v1${path}`,
      {
        method,
        ...(body !== undefined && {
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      },
      env,
    )
  return {
    send,
    /** Sends to an operation, which must succeed; the answer is held to the contract. */
    async call<Name extends OperationName>(name: Name, path: string, body?: unknown): Promise<Answer<Name>> {
      const { method, responses } = operations[name]
      const response = await send(method.toUpperCase(), path, body)
      const text = await response.text()
      const declared = Object.entries(responses).find(([status]) => status === String(response.status))?.[1]
      if (declared === undefined) throw new Error(`${name} answered ${response.status}: ${text}`)
      expect(response.headers.get('content-type')).toBe('application/json')
      const { schema } = (declared as JsonAnswer).content['application/json']
      return schema.parse(JSON.parse(text)) as Answer<Name>
    },
    /** Sends what must be refused; the answer is held to the contract. */
    async refused(method: string, path: string, body?: unknown) {
      const response = await send(method, path, body)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      const problem = operations.listKeys.responses.default.content['application/problem+json'].schema.parse(
        await response.json(),
      )
      expect(problem).toMatchObject({ type: 'about:blank', title: problem.code.replaceAll('_', ' ') })
      expect(problem.status).toBe(response.status)
      return problem
    },
  }
}
