import type { Environment } from '../../config/environment.ts'
import type { Secret } from '../../core/secret.ts'
import type { FileEdit } from '../edits/file-edit.ts'

/** What a tool is set up for. */
export interface SetupTarget {
  /** The gateway: scheme, authority and base path, without a trailing slash. */
  readonly url: string
  readonly key: Secret
  /** The command that prints the key on one line: program and arguments, as they are found from any folder. */
  readonly keyCommand: readonly string[]
  readonly model: string
  /** The tokens of prompt and answer together. */
  readonly contextTokens: number
  readonly maxOutputTokens: number
  /** Further authorities to trust for the gateway's certificate, an absolute path; `undefined`: none. */
  readonly caFile: string | undefined
  /** The tool is to use the model where none is asked for, in place of what it used so far. */
  readonly isDefault: boolean
  /** A command of this program as it is typed here. */
  readonly typed: (words: string) => string
}

/** Where the files of this user's tools are. */
export interface SetupPlaces {
  /** The user's home folder, absolute. */
  readonly userHome: string
  /** Punku's own state folder, absolute. */
  readonly stateFolder: string
  readonly platform: NodeJS.Platform
  readonly env: Environment
  /** Whether there is a file, for tools that read one of several. */
  readonly isThere: (file: string) => boolean
}

/** What is done to set up one tool, and what is left for the person. */
export interface SetupPlan {
  readonly edits: readonly FileEdit[]
  /** What to know beside the change, a sentence or two each: what is the default from then on, what is not changed. */
  readonly notes: readonly string[]
  /** What to do then, one step each: a command to type, or what to choose in a window. */
  readonly next: readonly string[]
  /** Text to copy, which holds no key. */
  readonly snippet?: string
}

/**
 * Where the facts of a plan are from.
 * - `measured`: the tool itself answered by the files that the plan writes.
 * - `schema`: the tool's own schema takes them.
 * - `documented`: its makers say so.
 */
export type SetupEvidence = 'measured' | 'schema' | 'documented'

/** How a tool asks for an answer: which route, and which form. */
export type AskedFormat = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'ollama-chat'

/** A tool that is set up here, as data. */
export interface SetupTool {
  /** As it is typed: `claude`. */
  readonly name: string
  /** As people know it. */
  readonly title: string
  readonly evidence: SetupEvidence
  /** The version of the tool that was measured; `undefined`: none was. */
  readonly measuredVersion?: string
  readonly format: AskedFormat
  /** Its configuration has no place for the context of a model. Default: it has one. */
  readonly lacksContext?: true
  /** Pure: the same target and places give the same plan. */
  readonly plan: (target: SetupTarget, places: SetupPlaces) => SetupPlan
}

/** A tool that cannot be set up. */
export interface RefusedTool {
  readonly name: string
  readonly title: string
  /** Why, and what to do instead, in sentences. @param typed as in `SetupTarget` */
  readonly reason: (typed: SetupTarget['typed']) => string
}
