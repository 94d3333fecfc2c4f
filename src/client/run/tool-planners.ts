import { aiderPlan } from './plans/aider-plan.ts'
import { claudePlan } from './plans/claude-plan.ts'
import { clinePlan } from './plans/cline-plan.ts'
import { codexPlan } from './plans/codex-plan.ts'
import { commandPlan } from './plans/command-plan.ts'
import { continuePlan } from './plans/continue-plan.ts'
import { copilotPlan } from './plans/copilot-plan.ts'
import { droidPlan } from './plans/droid-plan.ts'
import { goosePlan } from './plans/goose-plan.ts'
import { ollamaPlan } from './plans/ollama-plan.ts'
import { opencodePlan } from './plans/opencode-plan.ts'
import { piPlan } from './plans/pi-plan.ts'
import { qwenPlan } from './plans/qwen-plan.ts'
import type { ToolPlanner } from './tool-plan.ts'

/** How each tool that is known by name is started. */
export const TOOL_PLANNERS: readonly ToolPlanner[] = [
  claudePlan,
  codexPlan,
  opencodePlan,
  qwenPlan,
  copilotPlan,
  clinePlan,
  continuePlan,
  piPlan,
  droidPlan,
  aiderPlan,
  goosePlan,
  ollamaPlan,
]

/** How a tool is started: as it is known, or as any command. */
export function toolPlanner(name: string): ToolPlanner {
  return TOOL_PLANNERS.find((planner) => planner.name === name) ?? commandPlan
}
