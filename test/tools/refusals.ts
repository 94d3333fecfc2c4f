import { stripVTControlCharacters } from 'node:util'
import { type Behaviour, TOOLS } from '../../scripts/tool-behaviours.ts'
import { startTestGateway } from '../support/gateway.ts'
import { respond } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import type { CodingTool } from './coding-tools.ts'
import type { RealTool } from './real-tool.ts'

/** The refusals that are tried: of the gateway itself, and from 429 on of the model server behind it. */
export const REFUSALS = [401, 403, 404, 429, 503] as const
export type Refusal = (typeof REFUSALS)[number]

/** What was recorded of a tool at one, if anything. */
export function recordedOf({ name }: CodingTool, status: Refusal): Behaviour | undefined {
  return TOOLS.find((tool) => tool.name === name)?.at[status]
}

/** What came of a refusal. */
export interface Shown {
  /** How often the tool asked, in turns and titles alike. */
  readonly requests: number
  /** The refusal's own words reached the person. */
  readonly isShown: boolean
  /** All that the tool wrote. */
  readonly text: string
  readonly code: number | null
  readonly seconds: number
}

/** In the right form, and no gateway's. */
const FOREIGN_KEY = `pk_${'0'.repeat(10)}_${'0'.repeat(52)}`
const SERVER_WORDS = 'the small machine in the attic is busy'

/** Words of the refusal that no tool writes by itself. */
const WORDS: Readonly<Record<Refusal, string>> = {
  401: 'does not know this key',
  403: 'may not use that model',
  404: "model 'nobody-has-this' not found",
  429: SERVER_WORDS,
  503: SERVER_WORDS,
}

/** Lets a tool run into a refusal, with no setting of its own about retries. */
export async function tryRefusal(
  { tool, program, place }: Pick<RealTool, 'tool' | 'program' | 'place'>,
  status: Refusal,
  limitMs?: number,
): Promise<Shown> {
  await using upstream = await startScriptedUpstream({ server: 'openai', models: ['tiny', 'other'] })
  await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
  const key = status === 401 ? FOREIGN_KEY : await gateway.key(status === 403 ? { models: ['other'] } : {})
  if (status === 429 || status === 503) {
    const isAnthropic = tool.route.endsWith('/messages')
    const error = { type: status === 429 ? 'rate_limit_error' : 'overloaded_error', message: SERVER_WORDS }
    const body = JSON.stringify({ ...(isAnthropic && { type: 'error' }), error })
    const headers = { 'content-type': 'application/json', 'retry-after': '1' }
    upstream.behave([respond(status, headers, body)], { times: Number.POSITIVE_INFINITY })
  }
  const model = status === 404 ? 'nobody-has-this' : 'tiny'
  const startedAt = performance.now()
  const { code, stdout, stderr } = await place.run(program, {
    ...tool.turn({ url: gateway.url, key, model }, 'Say hello.'),
    ...(limitMs !== undefined && { limitMs }),
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const text = stripVTControlCharacters(`${stdout}\n${stderr}`)
  const requests = (await gateway.rows()).filter((row) => row.route === tool.route && row.status === status).length
  return { requests, isShown: text.replaceAll(/\s+/g, ' ').includes(WORDS[status]), text, code, seconds }
}
