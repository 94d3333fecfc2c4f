/** What the tokens of models cost, in the currency of the settings. */
export interface Price {
  /** A glob on model names. */
  readonly models: string
  readonly promptPerMillion: number
  readonly completionPerMillion: number
  /** Default: as the prompt. */
  readonly cachedPerMillion?: number | undefined
}

/** What the owners of an org have decided. */
export interface OrgSettings {
  /** As ISO 4217 writes it: `USD`. */
  readonly currency: string
  /** The first that matches a model counts. */
  readonly prices: readonly Price[]
  /** What members may give keys of their own. Admins are not held to it. */
  readonly memberKeys: {
    /** Active keys a member may have; 0: members make none. */
    readonly max: number
    /** Globs of model names: what a member's key may use at most. */
    readonly models: readonly string[]
    /** How long a key may last, in milliseconds; null: for ever. */
    readonly maxLifeMs: number | null
    readonly allowsManage: boolean
    readonly allowsCloud: boolean
  }
}

/** What holds until somebody decides otherwise. */
export const DEFAULT_ORG_SETTINGS: OrgSettings = {
  currency: 'USD',
  prices: [],
  memberKeys: { max: 10, models: ['*'], maxLifeMs: null, allowsManage: false, allowsCloud: false },
}

/** Reads the settings as they are stored. What is not there has its default. */
export function parseOrgSettings(json: string): OrgSettings {
  const { memberKeys, ...stored } = JSON.parse(json) as Partial<OrgSettings>
  return {
    ...DEFAULT_ORG_SETTINGS,
    ...stored,
    memberKeys: { ...DEFAULT_ORG_SETTINGS.memberKeys, ...memberKeys },
  }
}
