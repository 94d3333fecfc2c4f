import { asObject, type JsonObject, parseObject } from '../../formats/json-facts.ts'
import { printable } from '../../http-client/gateway-error.ts'
import { namedServer } from './named-server.ts'
import type { WayAnswer } from './way-answer.ts'

/** An answer that is no success, as far as it can be told who gave it. */
export interface GatewayRefusal {
  /** The gateway's own word, as in `docs/errors.md`; `undefined`: it is none of the gateway. */
  readonly code: string | undefined
  /** 0: it came inside a stream that had begun, or no answer came. */
  readonly status: number
  /** What was said, on one line. */
  readonly text: string
  /** The gateway did not answer this itself, nor pass it on: what stands before it did. By the name it gives itself. */
  readonly before?: string
}

const MAX_SAID_BYTES = 65_536

/** Reads an answer that is no success. Never rejects: a body that breaks off says nothing. */
export async function readRefusal(answer: WayAnswer): Promise<GatewayRefusal> {
  const { status, headers } = answer
  const body = await answer.text(MAX_SAID_BYTES).catch(() => '')
  const error = errorIn(parseObject(body))
  const isOfGateway = headers['request-id'] !== undefined && headers['x-request-id'] !== undefined
  const text = error?.text ?? (isOfGateway ? `status ${status}` : `status ${status}, and no words that can be shown`)
  if (isOfGateway) return { code: error?.code, status, text }
  return { code: undefined, status, text, before: namedServer(headers) ?? 'something that does not name itself' }
}

/** The error that a JSON document of OpenAI's form, or of a server that has its own, tells of. */
export function errorIn(document: JsonObject | undefined): { code: string | undefined; text: string } | undefined {
  if (document === undefined) return undefined
  const error = asObject(document['error'])
  const said = error?.['message'] ?? document['error'] ?? document['detail'] ?? document['message']
  if (typeof said !== 'string') return undefined
  const code = error?.['code']
  return { code: typeof code === 'string' ? code : undefined, text: printable(said, 600) }
}
