import type { Conversation, Tool, Turn } from '../conversation.ts'

/** How a choice of tools is told to a server that has none. */
export interface SentTools {
  /** Those that the model may call now. */
  readonly tools: readonly Tool[]
  /** The last turn, which asks for the call. At the end, it leaves the server's cache of what comes before. */
  readonly request?: Extract<Turn, { role: 'system' }>
  /** Whether it asks for a call that no tool is there for. */
  readonly isLost: boolean
}

/** The tools of a conversation, as its choice among them leaves them. */
export function chooseTools({ tools, toolChoice }: Pick<Conversation, 'tools' | 'toolChoice'>): SentTools {
  if (toolChoice === undefined || toolChoice === 'auto') return { tools, isLost: false }
  if (toolChoice === 'none') return { tools: [], isLost: false }
  const allowed = toolChoice === 'any' ? tools : tools.filter(({ name }) => name === toolChoice.name)
  const [only] = allowed
  if (only === undefined) return { tools, isLost: true }
  const which = allowed.length === 1 ? `the tool "${only.name}"` : 'one of your tools'
  return {
    tools: allowed,
    request: { role: 'system', text: `Your answer must be a call of ${which}, without any other text.` },
    isLost: false,
  }
}
