import type { Logger } from '../../core/log.ts'
import { Places } from '../../core/places.ts'
import type { Follower } from '../store/feed.ts'
import type { ModelRuleRepository } from '../store/model-rule-repository.ts'
import type { ModelRules } from './model-rules.ts'
import { storedAlias, storedModelRule } from './stored-model-rule.ts'

export interface StoredModelRulesOptions {
  readonly repository: ModelRuleRepository
  /** Where they are put. */
  readonly rules: ModelRules
  readonly log: Logger
}

/** Keeps what orgs say of their models as it stands in the store. It has to follow the feed; what changes there is an org. */
export class StoredModelRules implements Follower {
  readonly #options: StoredModelRulesOptions
  /** What is told while they are loaded is read after that: nothing older is put over it. */
  readonly #turns = new Places(1)

  constructor(options: StoredModelRulesOptions) {
    this.#options = options
  }

  /** Puts all that is stored. Rejects when the store cannot be read. */
  start(): Promise<void> {
    return this.reload()
  }

  async changed(orgIds: readonly string[]): Promise<void> {
    using _turn = await this.#turns.enter()
    await this.#read(orgIds)
  }

  async reload(): Promise<void> {
    using _turn = await this.#turns.enter()
    await this.#read(undefined)
  }

  async #read(orgIds: readonly string[] | undefined): Promise<void> {
    const { repository, rules } = this.#options
    const ofRules = Map.groupBy(await repository.rules(orgIds), ({ org_id }) => org_id)
    const ofAliases = Map.groupBy(await repository.aliases(orgIds), ({ org_id }) => org_id)
    for (const orgId of orgIds ?? new Set([...rules.orgIds, ...ofRules.keys(), ...ofAliases.keys()])) {
      try {
        rules.put(orgId, {
          models: ofRules.get(orgId)?.map(storedModelRule) ?? [],
          aliases: ofAliases.get(orgId)?.map(storedAlias) ?? [],
        })
      } catch (error) {
        this.#options.log.error(
          { err: error, org: orgId },
          'the stored rules of an org for its models cannot be read: what held before holds',
        )
      }
    }
  }
}
