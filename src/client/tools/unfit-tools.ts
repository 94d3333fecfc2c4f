/** A tool that no gateway of ours can serve. */
export interface UnfitTool {
  readonly name: string
  readonly title: string
  /** Why, and what to use in its place. */
  readonly reason: string
}

/** Tools that people ask for, and that speak no API that the gateway has. */
export const UNFIT_TOOLS: readonly UnfitTool[] = [
  {
    name: 'gemini',
    title: 'Gemini CLI',
    reason:
      "Gemini CLI speaks Google's own API alone (/v1beta), which no local model server and no gateway of ours serves. Qwen Code grew out of it and can be used: qwen.",
  },
]
