// Written by `npm run docs` from the schemas of src/contract and src/config.
import type { ControlCallOptions } from '../control-call-options.ts'

interface ModelDefaults {
  /** Tokens of context that the model is loaded with. Servers other than Ollama have theirs from their own start. */
  readonly num_ctx?: number | undefined
  /** How long the model stays loaded after a request, as `30m` or in seconds; `-1` is for ever. */
  readonly keep_alive?: string | number | undefined
  /** Whether the model thinks before it answers, or how hard. */
  readonly think?: boolean | 'low' | 'medium' | 'high' | 'max' | undefined
  /**
   * Whether the oldest turns are dropped, without a word, where a prompt is too long. `false` makes it an error, on
   * which clients can shorten what they send.
   */
  readonly truncate?: boolean | undefined
  /** The most tokens of an answer, where its client sets no limit. */
  readonly num_predict?: number | undefined
  /** How freely tokens are chosen: 0 is always the likeliest. */
  readonly temperature?: number | undefined
  /** The share of likely tokens to choose from. */
  readonly top_p?: number | undefined
  /** The number of likely tokens to choose from. */
  readonly top_k?: number | undefined
  /** How likely a token is at least, next to the likeliest. */
  readonly min_p?: number | undefined
  /** What a token loses that was there before. */
  readonly repeat_penalty?: number | undefined
  /** What a token loses that was there at all. */
  readonly presence_penalty?: number | undefined
  /** What a token loses each time it was there. */
  readonly frequency_penalty?: number | undefined
  /** The same seed gives the same answer, as far as the server can. */
  readonly seed?: number | undefined
}

interface ModelRule {
  /** The models that are meant, by name or pattern. */
  readonly match: string
  /** Only on this upstream; null: on all. */
  readonly upstream: string | null
  /** Null: there is no such upstream now, or on all. */
  readonly upstreamLabel: string | null
  readonly translate: 'auto' | 'native' | 'off' | null
  readonly defaults: ModelDefaults
  /** Only those that were `added` here can be changed or removed here. They go before the others. */
  readonly source: 'configuration' | 'added'
  /** The `version` to change it with; 0: it cannot be. */
  readonly revision: number
  /** No model that is known now is meant; only in the answer to a change, and only where a gateway runs. */
  readonly isUnmatched?: true | undefined
}

interface NewModelRule {
  readonly match: string
  /** The id or the label of an upstream. Not given: on all. */
  readonly upstream?: string | undefined
  readonly translate?: 'auto' | 'native' | 'off' | undefined
  readonly defaults?: ModelDefaults | undefined
  /**
   * The one that was seen, 0 where there was none; any other that stands is kept, with `version_conflict`. Not given:
   * it is replaced.
   */
  readonly version?: number | undefined
}

interface ModelAlias {
  /** What clients ask for, or a pattern of such names. */
  readonly name: string
  /** What they get, as its server spells it. */
  readonly model: string
  /** The one spelling of that, as in the list of models. */
  readonly modelCanonical: string
  /** Only those that were `added` here can be changed or removed here. They go before the others. */
  readonly source: 'configuration' | 'added'
  /** The `version` to change it with; 0: it cannot be. */
  readonly revision: number
  /** One before it means all the names that it means, so that it is never taken. Only in lists. */
  readonly isOverridden?: true | undefined
  /** No model that is known now is meant; only in the answer to a change, and only where a gateway runs. */
  readonly isUnmatched?: true | undefined
  /** A model that is known now has such a name, and nobody can ask for it by that. Only in the answer to a change. */
  readonly isHidingModel?: true | undefined
  /** Its model is the name of another alias, which is not looked up. Only in the answer to a change. */
  readonly isOfAlias?: true | undefined
}

interface NewModelAlias {
  readonly name: string
  readonly model: string
  /**
   * The one that was seen, 0 where there was none; any other that stands is kept, with `version_conflict`. Not given:
   * it is replaced.
   */
  readonly version?: number | undefined
}

/** A part of `ControlCalls`. */
export interface ModelRuleCalls {
  /** `GET /control/v1/models/rules`: The rules for models. The first that fits decides, for each thing that it says. */
  readonly listModelRules: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          /** Only those for this match, however it is spelled. */
          readonly match?: string | undefined
        }
      },
    ]
    readonly answer: {
      readonly rules: ModelRule[]
    }
  }
  /**
   * `PUT /control/v1/models/rules`: The rule, in the place of one with the same match and upstream. It holds at once.
   */
  readonly putModelRule: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewModelRule
      },
    ]
    readonly answer: ModelRule
  }
  /** `DELETE /control/v1/models/rules`: It is gone. */
  readonly removeModelRule: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          readonly match?: string | undefined
          /** The id or the label of an upstream. Not given: on all. */
          readonly upstream?: string | undefined
        }
      },
    ]
    readonly answer: Record<string, never>
  }
  /**
   * `GET /control/v1/models/aliases`: Other names of models. The first that fits is taken; it is not looked up again.
   */
  readonly listModelAliases: {
    readonly arguments: [input?: ControlCallOptions]
    readonly answer: {
      readonly aliases: ModelAlias[]
    }
  }
  /**
   * `PUT /control/v1/models/aliases`: The alias, in the place of one with that name. What a key may use is told by the
   * model.
   */
  readonly putModelAlias: {
    readonly arguments: [
      input: ControlCallOptions & {
        readonly body: NewModelAlias
      },
    ]
    readonly answer: ModelAlias
  }
  /** `DELETE /control/v1/models/aliases`: It is gone. */
  readonly removeModelAlias: {
    readonly arguments: [
      input?: ControlCallOptions & {
        readonly query?: {
          readonly name?: string | undefined
        }
      },
    ]
    readonly answer: Record<string, never>
  }
}
