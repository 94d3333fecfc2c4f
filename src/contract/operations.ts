import { auditOperations } from './audit.ts'
import { gatewayOperations } from './gateway.ts'
import { keyOperations } from './keys.ts'
import { modelRuleOperations } from './model-rules.ts'
import type { Access } from './parts.ts'
import { peopleOperations } from './people.ts'
import { requestOperations } from './requests.ts'
import { toolSessionOperations } from './tool-sessions.ts'
import { tunnelOperations } from './tunnels.ts'
import { upstreamOperations } from './upstreams.ts'

/**
 * Every operation of the control API: its path, who may call it, what it takes and what it answers. The server's
 * checks, the types of its callers and `/control/openapi.json` are made from it.
 */
export const operations = {
  ...peopleOperations,
  ...keyOperations,
  ...upstreamOperations,
  ...modelRuleOperations,
  ...tunnelOperations,
  ...requestOperations,
  ...toolSessionOperations,
  ...auditOperations,
  ...gatewayOperations,
} satisfies Record<string, { readonly 'x-access': Access }>

export type Operations = typeof operations
export type OperationName = keyof Operations
