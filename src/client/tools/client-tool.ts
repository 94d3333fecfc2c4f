/** Where a tool's program comes from, and how one version of it is had. */
export interface ToolSource {
  readonly kind: 'npm' | 'pypi' | 'brew' | 'other'
  /** The package's name; of `other` the page where it is. */
  readonly name: string
}

/** A program of this workstation that asks models. How it is run and set up stands with `run` and `setup`. */
export interface ClientTool {
  /** As it is typed: `punku run claude`. */
  readonly name: string
  /** As people know it. */
  readonly title: string
  /** The programs that are looked for, the usual one first; empty: it has none to start. */
  readonly programs: readonly string[]
  readonly source: ToolSource
  /** What is left to do by hand, or why it cannot be used; `undefined`: nothing. */
  readonly remark?: string
}

const npm = (name: string): ToolSource => ({ kind: 'npm', name })

/** The tools that are known by name, in the order in which they are listed. */
export const CLIENT_TOOLS: readonly ClientTool[] = [
  { name: 'claude', title: 'Claude Code', programs: ['claude'], source: npm('@anthropic-ai/claude-code') },
  { name: 'codex', title: 'Codex', programs: ['codex'], source: npm('@openai/codex') },
  { name: 'opencode', title: 'OpenCode', programs: ['opencode'], source: npm('opencode-ai') },
  { name: 'qwen', title: 'Qwen Code', programs: ['qwen'], source: npm('@qwen-code/qwen-code') },
  { name: 'copilot', title: 'Copilot CLI', programs: ['copilot'], source: npm('@github/copilot') },
  { name: 'cline', title: 'Cline', programs: ['cline'], source: npm('cline') },
  { name: 'continue', title: 'Continue', programs: ['cn'], source: npm('@continuedev/cli') },
  { name: 'pi', title: 'pi', programs: ['pi'], source: npm('@earendil-works/pi-coding-agent') },
  { name: 'droid', title: 'Droid', programs: ['droid'], source: npm('droid') },
  { name: 'aider', title: 'Aider', programs: ['aider'], source: { kind: 'pypi', name: 'aider-chat' } },
  { name: 'goose', title: 'Goose', programs: ['goose'], source: { kind: 'brew', name: 'block-goose-cli' } },
  {
    name: 'ollama',
    title: "Ollama's command line",
    programs: ['ollama'],
    source: { kind: 'other', name: 'https://ollama.com/download' },
  },
]

/** The tool of that name; `undefined`: none is known by it. */
export function clientTool(name: string): ClientTool | undefined {
  return CLIENT_TOOLS.find((tool) => tool.name === name)
}
