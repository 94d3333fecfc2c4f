import { auditOperations } from './contract/audit.ts'
import { gatewayOperations } from './contract/gateway.ts'
import { keyOperations } from './contract/keys.ts'
import type { Access } from './contract/parts.ts'
import { peopleOperations } from './contract/people.ts'
import { requestOperations } from './contract/requests.ts'
import { tunnelOperations } from './contract/tunnels.ts'
import { upstreamOperations } from './contract/upstreams.ts'

/**
 * Every operation of the control API: its path, who may call it, what it takes and what it answers. The server's
 * checks, the types of its callers and `/control/openapi.json` are made from it.
 */
export const operations = {
  ...peopleOperations,
  ...keyOperations,
  ...upstreamOperations,
  ...tunnelOperations,
  ...requestOperations,
  ...auditOperations,
  ...gatewayOperations,
} satisfies Record<string, { readonly 'x-access': Access }>

export type Operations = typeof operations
export type OperationName = keyof Operations
