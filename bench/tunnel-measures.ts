import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { measureGateways } from './gateways.ts'
import { measureStartUp } from './start-up.ts'
import { measureTranslated } from './translated.ts'
import { measureTunnelFirstByte } from './tunnel-first-byte.ts'
import { measureTunnelIdle } from './tunnel-idle.ts'
import { measureTunnelReconnect } from './tunnel-reconnect.ts'
import { measureTunnelTokens } from './tunnel-tokens.ts'
import { measureTunnelUpload } from './tunnel-upload.ts'

/** The measures of start-up, of translation and of the tunnelled path, by the names they are asked for. */
export const TUNNEL_MEASURES = {
  'start-up': measureStartUp,
  gateways: measureGateways,
  translated: measureTranslated,
  'tunnel-tokens': measureTunnelTokens,
  'tunnel-idle': measureTunnelIdle,
  'tunnel-upload': measureTunnelUpload,
  'tunnel-first-byte': measureTunnelFirstByte,
  'tunnel-reconnect': measureTunnelReconnect,
} as const satisfies Readonly<Record<string, (bench: Bench) => Promise<Finding>>>

export type TunnelMeasureName = keyof typeof TUNNEL_MEASURES

export const TUNNEL_MEASURE_NAMES = Object.keys(TUNNEL_MEASURES) as TunnelMeasureName[]
