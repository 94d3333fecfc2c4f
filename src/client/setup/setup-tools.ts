import { UNFIT_TOOLS } from '../tools/unfit-tools.ts'
import { aiderSetup } from './plans/aider-setup.ts'
import { homeAssistantSetup, jetbrainsSetup, n8nSetup, vscodeSetup } from './plans/by-hand-setups.ts'
import { claudeSetup } from './plans/claude-setup.ts'
import { clineSetup } from './plans/cline-setup.ts'
import { codexSetup } from './plans/codex-setup.ts'
import { continueSetup } from './plans/continue-setup.ts'
import { copilotSetup } from './plans/copilot-setup.ts'
import { droidSetup } from './plans/droid-setup.ts'
import { gooseSetup } from './plans/goose-setup.ts'
import { librarySetups } from './plans/library-setups.ts'
import { openWebuiSetup } from './plans/open-webui-setup.ts'
import { opencodeSetup } from './plans/opencode-setup.ts'
import { piSetup } from './plans/pi-setup.ts'
import { qwenSetup } from './plans/qwen-setup.ts'
import { shellSetup } from './plans/shell-setup.ts'
import { zedSetup } from './plans/zed-setup.ts'
import type { RefusedTool, SetupTool } from './setup-plan.ts'

/** The tools that can be set up, in the order in which they are listed. */
export const SETUP_TOOLS: readonly SetupTool[] = [
  claudeSetup,
  codexSetup,
  opencodeSetup,
  qwenSetup,
  copilotSetup,
  clineSetup,
  continueSetup,
  piSetup,
  droidSetup,
  aiderSetup,
  gooseSetup,
  zedSetup,
  vscodeSetup,
  jetbrainsSetup,
  openWebuiSetup,
  homeAssistantSetup,
  n8nSetup,
  shellSetup,
  ...librarySetups,
]

/** Tools that people ask for, and that cannot be set up. */
export const REFUSED_TOOLS: readonly RefusedTool[] = [
  ...UNFIT_TOOLS.map(({ name, title, reason }) => ({ name, title, reason: () => reason })),
  {
    name: 'ollama',
    title: "Ollama's command line",
    reason: (typed) =>
      `Ollama's command line cannot send a key, so there is nothing to set up. Let it ask this machine, which adds the key: ${typed('forward')}`,
  },
]

/** The tool of that name that can be set up; `undefined`: there is none. */
export function setupTool(name: string): SetupTool | undefined {
  return SETUP_TOOLS.find((tool) => tool.name === name)
}
