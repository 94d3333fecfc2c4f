// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { AuditCalls } from './calls/audit-calls.ts'
import type { KeyCalls } from './calls/key-calls.ts'
import type { ModelRuleCalls } from './calls/model-rule-calls.ts'
import type { OrgCalls } from './calls/org-calls.ts'
import type { PeopleCalls } from './calls/people-calls.ts'
import type { RequestCalls } from './calls/request-calls.ts'
import type { StatusCalls } from './calls/status-calls.ts'
import type { ToolSessionCalls } from './calls/tool-session-calls.ts'
import type { TunnelCalls } from './calls/tunnel-calls.ts'
import type { UpstreamCalls } from './calls/upstream-calls.ts'

/** What each operation of the control API takes and answers, by its name (docs/control-api.md). */
export interface ControlCalls
  extends PeopleCalls,
    OrgCalls,
    KeyCalls,
    UpstreamCalls,
    ModelRuleCalls,
    TunnelCalls,
    RequestCalls,
    ToolSessionCalls,
    AuditCalls,
    StatusCalls {}
