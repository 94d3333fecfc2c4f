import { z } from 'zod'
import { MAX_CREDIT_BYTES, MAX_HEARTBEAT_MS, MAX_HELLO_BYTES, MIN_HEARTBEAT_MS, MIN_WINDOW_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

const count = z.int().min(0)
const shortText = z.string().max(128)
const id = z.string().min(1).max(64)

const common = {
  software: shortText,
  capabilities: z.array(z.string().max(64)).max(64),
  window: z.int().min(MIN_WINDOW_BYTES).max(MAX_CREDIT_BYTES),
  streams: count,
  heartbeatMs: z.int().min(MIN_HEARTBEAT_MS).max(MAX_HEARTBEAT_MS),
}

// Unknown fields are dropped: that is how later versions add to it.
const agentHello = z.object({
  ...common,
  instance: id,
  machine: z.object({ name: shortText, platform: shortText, arch: shortText }).optional(),
  resume: z.object({ session: id, received: count }).optional(),
})

const gatewayHello = z.object({
  ...common,
  session: id,
  resumed: z.boolean(),
  received: count,
  resumeWindowMs: count,
  tunnel: z.object({ id, label: shortText }),
  tokenExpiresInMs: count,
})

/** What an agent says first (docs/protocol.md §3). */
export type AgentHello = Readonly<z.output<typeof agentHello>>

/** What the gateway answers (docs/protocol.md §3). */
export type GatewayHello = Readonly<z.output<typeof gatewayHello>>

/** The payload of either side's HELLO. */
export function encodeHello(hello: AgentHello | GatewayHello): Buffer {
  return Buffer.from(JSON.stringify(hello))
}

/** @throws ProtocolError that names the field at fault. */
export function decodeAgentHello(payload: Buffer): AgentHello {
  return decode(agentHello, payload)
}

/** @throws ProtocolError that names the field at fault. */
export function decodeGatewayHello(payload: Buffer): GatewayHello {
  return decode(gatewayHello, payload)
}

function decode<Schema extends z.ZodType>(schema: Schema, payload: Buffer): z.output<Schema> {
  if (payload.length > MAX_HELLO_BYTES) throw new ProtocolError('the HELLO is too large')
  let json: unknown
  try {
    json = JSON.parse(payload.toString())
  } catch {
    throw new ProtocolError('the HELLO is no JSON')
  }
  const { success, data, error } = schema.safeParse(json)
  if (success) return data
  throw new ProtocolError(`the HELLO is not valid at '${error.issues[0]?.path.join('.') ?? ''}'`)
}
