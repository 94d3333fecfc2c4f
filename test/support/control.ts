import { pino } from 'pino'
import { expect } from 'vitest'
import type { z } from 'zod'
import { KeyService } from '../../src/access/key-service.ts'
import { hashSecret } from '../../src/access/key-text.ts'
import { operations } from '../../src/control/contract.ts'
import { type ControlOptions, createControl } from '../../src/control/control.ts'
import { Secret } from '../../src/core/secret.ts'
import { AccessTokens } from '../../src/relay/access-tokens.ts'
import { PairingService } from '../../src/relay/pairing-service.ts'
import { TunnelService } from '../../src/relay/tunnel-service.ts'
import type { OpenDatabase } from '../../src/store/database.ts'
import { KeyRepository } from '../../src/store/key-repository.ts'
import { PairingRepository } from '../../src/store/pairing-repository.ts'
import { RequestRepository } from '../../src/store/request-repository.ts'
import { TunnelRepository } from '../../src/store/tunnel-repository.ts'
import { ManualClock } from './clock.ts'

const pepper = new Secret('pepper')

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

/** A control API on a database of its own, and its parts. Its clock moves only by hand. */
export async function openTestControl(open: () => Promise<OpenDatabase>, given: Partial<ControlOptions> = {}) {
  const database = await open()
  const clock = new ManualClock()
  const requests = new RequestRepository(database)
  const hash = (secret: string) => hashSecret(pepper, secret)
  const keys = new KeyService({ repository: new KeyRepository(database), hash, clock })
  const accessTokens = new AccessTokens({ pepper, clock })
  const repository = new TunnelRepository(database)
  const tunnels = new TunnelService({ repository, hash, clock })
  const pairings = new PairingService({
    pairings: new PairingRepository(database),
    tunnels: repository,
    accessTokens,
    hash,
    clock,
  })
  const logLines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) })
  const app = createControl({ keys, requests, tunnels, pairings, log, now: () => clock.now(), ...given })
  const send = (method: string, path: string, body?: unknown) =>
    app.request(`/control/v1${path}`, {
      method,
      ...(body !== undefined && {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    })
  return {
    app,
    clock,
    tunnels,
    pairings,
    requests,
    logLines,
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
