/** What an org has said of some of its models. One of a match and an upstream. */
export interface ModelRuleTable {
  org_id: string
  /** The match in its one spelling, by which it is found. */
  canonical: string
  /** The id of an upstream; empty: on all of them. */
  upstream: string
  /** A name of a model or a pattern, as it was given. */
  match: string
  translate: 'auto' | 'native' | 'off' | null
  /** JSON object, by Ollama's names. */
  defaults: string
  /** Grows with each change. */
  version: number
  created_at: number
  /** Who made it, in words. */
  created_by: string
  /** Set on every change. */
  updated_at: number
}

/** Another name of a model in an org, or a pattern of such names. */
export interface ModelAliasTable {
  org_id: string
  /** The name in its one spelling, by which it is found. */
  canonical: string
  /** As it was given, and as lists show it. */
  name: string
  /** The model that is meant, as its server spells it. */
  model: string
  /** Grows with each change. */
  version: number
  created_at: number
  /** Who made it, in words. */
  created_by: string
  /** Set on every change. */
  updated_at: number
}
