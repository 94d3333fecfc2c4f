import { copilotVariables } from '../../tools/copilot-variables.ts'
import { headerLines, type ToolPlanner } from '../tool-plan.ts'

/** Copilot CLI: variables alone. It needs no sign-in at GitHub, and asks nobody but the gateway. */
export const copilotPlan: ToolPlanner = {
  name: 'copilot',
  conflicts: [],
  remark: 'Copilot CLI works offline here: what it has of GitHub, such as its MCP server, is off.',
  plan: (target) => ({
    args: [],
    env: {
      ...copilotVariables(target),
      COPILOT_PROVIDER_BEARER_TOKEN: target.key,
      COPILOT_PROVIDER_HEADERS: headerLines(target.headers),
    },
    files: [],
  }),
}
