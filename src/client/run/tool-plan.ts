/** What a tool is started for: where its model is, and what is said of it. */
export interface RunTarget {
  /** What forwards to the gateway, on this machine: scheme and authority, without a trailing slash. */
  readonly url: string
  /**
   * What the tool sends as its key: the pass of its run, which the forwarder asks for and puts the key in place of. To be shown, a
   * plan is made with a text that stands for it.
   */
  readonly key: string
  readonly model: string
  /** The tokens of prompt and answer together. */
  readonly contextTokens: number
  readonly maxOutputTokens: number
  /** What each of its requests has to carry, besides the key: the session, and perhaps a label. */
  readonly headers: Readonly<Record<string, string>>
  /** The absolute path at which a planned file will stand. */
  readonly pathOf: (fileName: string) => string
}

/** A file that stands for as long as the tool runs, readable by this user alone. */
export interface PlannedFile {
  /** Without folders. */
  readonly name: string
  readonly text: string
}

/** How a tool is started, for one process. */
export interface ToolPlan {
  /** They stand before those of the person. No pass is in them: everybody can list them. */
  readonly args: readonly string[]
  /** In place of what the shell has. */
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly PlannedFile[]
}

/** Words of the person that would undo a plan. */
export interface RunConflict {
  /** Tells such a word, with the one behind it where there is one. */
  readonly matches: (word: string, next: string | undefined) => boolean
  /** What it would do, and what to do instead. */
  readonly words: string
}

/** How one tool is started on a gateway's models: data alone. */
export interface ToolPlanner {
  /** As in `CLIENT_TOOLS`; empty: any other command. */
  readonly name: string
  /** It cannot send a key, or it is not known how: the forwarder of its run asks for no pass. Default: it sends one. */
  readonly lacksPass?: true
  /** It works without a model that is chosen here: `RunTarget.model` may be empty. */
  readonly isModelOptional?: true
  readonly conflicts: readonly RunConflict[]
  /** What is said once where it differs from how the tool is otherwise. */
  readonly remark?: string
  readonly plan: (target: RunTarget) => ToolPlan
}

/** A flag of the tool that must not be given, as a word of its own or with `=`. */
export function refusedFlag(flags: readonly string[], words: string): RunConflict {
  return { matches: (word) => flags.some((flag) => word === flag || word.startsWith(`${flag}=`)), words }
}

/** Headers as lines, `name: value`, as some tools take them. */
export function headerLines(headers: RunTarget['headers']): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}
