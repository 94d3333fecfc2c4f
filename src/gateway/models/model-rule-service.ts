import { PunkuError } from '../../core/error.ts'
import { parseModelGlob } from '../../dialects/model-glob.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import type { ModelDefaults } from '../../formats/model-defaults.ts'
import type { OrgAuditActor } from '../store/audit-note.ts'
import type { ModelRuleRepository } from '../store/model-rule-repository.ts'
import { ModelRuleWriter } from '../store/model-rule-writer.ts'
import type { OpenChange, Store } from '../store/store.ts'
import { aliasNote, ruleNote } from './model-rule-note.ts'
import {
  type GivenAlias,
  type GivenModelRule,
  type GivenModelRules,
  isNamePattern,
  type TranslationRule,
} from './model-rule-set.ts'
import { inAliasOrder, inRuleOrder } from './model-rules.ts'
import { type StoredAlias, type StoredModelRule, storedAlias, storedModelRule } from './stored-model-rule.ts'

/** Rules that an org may have, and other names. */
export const MAX_ORG_RULES = 200

export interface ModelRuleServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly repository: ModelRuleRepository
  /** What the configuration says, for every org. */
  readonly configured: GivenModelRules
}

/** By what a rule is found. */
export interface ModelRuleKey {
  readonly match: string
  /** The id of an upstream; `undefined`: on all of them. */
  readonly upstream: string | undefined
}

/** A rule to be stored in the place of the one that is found by the same. */
export interface WantedModelRule extends ModelRuleKey {
  /** The one that was seen, 0: none. `undefined`: whatever stands is replaced. */
  readonly version: number | undefined
  readonly translate: TranslationRule | undefined
  readonly defaults: ModelDefaults
}

/** Another name to be stored in the place of the one that is spelled alike. */
export interface WantedAlias extends GivenAlias {
  /** As of a rule. */
  readonly version: number | undefined
}

/** A thing of a list, and the version it is in; `undefined`: it is of the configuration. */
export type Listed<Thing> = Thing & { readonly version: number | undefined }

/**
 * Lists, sets and removes what an org says of its models. Throws `invalid_request` with the field in `param`, `not_found`,
 * `version_conflict`, and `limit_reached` where there are too many.
 */
export class ModelRuleService {
  readonly #options: ModelRuleServiceOptions

  constructor(options: ModelRuleServiceOptions) {
    this.#options = options
  }

  /** The rules that hold in an org, in the order in which they decide. @param match only those for it */
  async listRules(orgId: string, match?: string): Promise<readonly Listed<GivenModelRule>[]> {
    const { repository, configured } = this.#options
    const rules = (await repository.rules([orgId])).map(storedModelRule)
    const all = [...inRuleOrder(rules), ...configured.models.map(ofConfiguration)]
    return match === undefined ? all : all.filter((rule) => keyOf(rule.match) === keyOf(match))
  }

  /** The other names of models in an org, likewise. */
  async listAliases(orgId: string): Promise<readonly Listed<GivenAlias>[]> {
    const { repository, configured } = this.#options
    const aliases = (await repository.aliases([orgId])).map(storedAlias)
    return [...inAliasOrder(aliases), ...configured.aliases.map(ofConfiguration)]
  }

  /** Stores a rule; as it stands then. */
  async putRule(actor: OrgAuditActor, wanted: WantedModelRule): Promise<StoredModelRule> {
    const { match, upstream, version, translate } = wanted
    const canonical = spellingOf(match, 'match')
    const defaults = JSON.stringify(wanted.defaults)
    if (translate === undefined && defaults === '{}') throw saysNothing()
    return await this.#options.store.change(actor, async (change) => {
      const writer = new ModelRuleWriter(change)
      const { orgId } = actor
      const place = { org_id: orgId, canonical, upstream: upstream ?? '' }
      const rows = await writer.rules([orgId])
      const row = rows.find((one) => one.canonical === canonical && one.upstream === place.upstream)
      requireVersion(version, row?.version)
      if (row === undefined) requireRoom(rows.length, 'rules for models')
      const columns = { match, translate: translate ?? null, defaults }
      const stored = await (row === undefined
        ? writer.insertRule({ ...place, ...columns, created_by: actor.name })
        : writer.setRule(row, columns))
      const after = storedModelRule(stored)
      change.record(ruleNote('set', after, { before: row && storedModelRule(row), after }))
      return after
    })
  }

  async removeRule(actor: OrgAuditActor, { match, upstream }: ModelRuleKey): Promise<void> {
    const canonical = spellingOf(match, 'match')
    await this.#options.store.change(actor, async (change) => {
      const place = { org_id: actor.orgId, canonical, upstream: upstream ?? '' }
      const row = await new ModelRuleWriter(change).removeRule(place)
      if (row === undefined) {
        const isConfigured = this.#options.configured.models.some(
          (rule) => keyOf(rule.match) === canonical && rule.upstream === upstream,
        )
        throw isConfigured ? notHere('match') : unknownRule()
      }
      const before = storedModelRule(row)
      change.record(ruleNote('remove', before, { before }))
    })
  }

  /** Stores another name of a model; as it stands then. */
  async putAlias(actor: OrgAuditActor, { name, model, version }: WantedAlias): Promise<StoredAlias> {
    const canonical = spellingOf(name, 'name')
    // A pattern means no one model.
    const meant = isNamePattern(model) ? undefined : canonicalModelName(model)?.canonical
    if (meant === undefined) throw invalid('model', 'This can be no name of a model. `punku models` shows the names.')
    if (meant === canonical) throw invalid('model', 'The alias has the name of the model itself. Choose another.')
    return await this.#options.store.change(actor, async (change) => {
      const writer = new ModelRuleWriter(change)
      const { orgId } = actor
      const rows = await writer.aliases([orgId])
      const row = rows.find((one) => one.canonical === canonical)
      requireVersion(version, row?.version)
      if (row === undefined) requireRoom(rows.length, 'aliases')
      const stored = await (row === undefined
        ? writer.insertAlias({ org_id: orgId, canonical, name, model, created_by: actor.name })
        : writer.setAlias(row, { name, model }))
      const after = storedAlias(stored)
      change.record(aliasNote('set', after, { before: row && storedAlias(row), after }))
      return after
    })
  }

  async removeAlias(actor: OrgAuditActor, name: string): Promise<void> {
    const canonical = spellingOf(name, 'name')
    await this.#options.store.change(actor, async (change) => {
      const row = await new ModelRuleWriter(change).removeAlias({ org_id: actor.orgId, canonical })
      if (row === undefined) {
        const isConfigured = this.#options.configured.aliases.some((alias) => keyOf(alias.name) === canonical)
        throw isConfigured ? notHere('name') : unknownAlias()
      }
      const before = storedAlias(row)
      change.record(aliasNote('remove', before, { before }))
    })
  }
}

/** Removes what an org says of its models, as a part of a change. */
export async function removeModelRulesWithin(change: OpenChange, orgId: string): Promise<void> {
  const { rules, aliases } = await new ModelRuleWriter(change).removeAll(orgId)
  for (const before of rules.map(storedModelRule)) change.record(ruleNote('remove', before, { before }))
  for (const before of aliases.map(storedAlias)) change.record(aliasNote('remove', before, { before }))
}

function ofConfiguration<Thing>(thing: Thing): Listed<Thing> {
  return { ...thing, version: undefined }
}

/** The one spelling of a name or a pattern; `undefined`: it can be none. */
function keyOf(text: string): string | undefined {
  return parseModelGlob(text)?.patterns[0]
}

function spellingOf(text: string, param: string): string {
  const key = keyOf(text)
  if (key !== undefined) return key
  throw invalid(param, 'This can be no name of a model, nor a pattern of names such as qwen3*.')
}

function requireVersion(seen: number | undefined, stands = 0): void {
  if (seen === undefined || seen === stands) return
  throw new PunkuError('version_conflict', 'This was changed since it was read. Read it again, and repeat the change.')
}

function requireRoom(count: number, what: string): void {
  if (count < MAX_ORG_RULES) return
  throw new PunkuError('limit_reached', `This org has ${MAX_ORG_RULES} ${what}, and may have no more. Remove some.`)
}

const saysNothing = () =>
  invalid('defaults', 'The rule says nothing. Give it a default or a translation, or remove it.')

const notHere = (param: string) =>
  invalid(param, 'This is set by the gateway’s configuration. Change it there, and start the gateway anew.')

const unknownRule = () =>
  new PunkuError('not_found', 'There is no such rule. `punku models rules` shows the ones there are.', {
    param: 'match',
  })

const unknownAlias = () =>
  new PunkuError('not_found', 'There is no such alias. `punku models rules` shows the ones there are.', {
    param: 'name',
  })

function invalid(param: string, message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}
