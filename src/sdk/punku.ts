// The package's entry in Node: `import { … } from 'punku'`.
export type { ControlCalls } from './control-calls.ts'
export type { GatewayConfig } from './gateway-config.ts'
export {
  type GatewayControl,
  type GatewayLogLine,
  type NodeRequest,
  type NodeStream,
  type OpenedGateway,
  type OpenGatewayOptions,
  openGateway,
} from './open-gateway.ts'
export {
  type NodeDispatcher,
  type OtherDispatcher,
  type PunkuDispatcherOptions,
  punkuDispatcher,
} from './punku-dispatcher.ts'
export * from './punku-web.ts'
