import { type ModelAliasBody, type ModelRuleBody, modelRuleOperations } from '../../contract/model-rules.ts'
import { isCoveredBy, type ModelGlob, matchesModelGlob, parseModelGlob } from '../../dialects/model-glob.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import type { Listed, ModelRuleService } from '../models/model-rule-service.ts'
import type { GivenAlias, GivenModelRule } from '../models/model-rule-set.ts'
import { unknownUpstream } from '../upstreams/upstream-service.ts'
import type { Control } from './control.ts'
import { guarded, orgActorOf } from './guard.ts'
import { type RunningGateway, requireRunning, type UpstreamControlOptions } from './upstream-control.ts'

export interface ModelRuleControlOptions extends Pick<UpstreamControlOptions, 'gateway'> {
  readonly modelRuleService: ModelRuleService
}

/** Adds the operations on what an org says of its models to the control API. */
export function addModelRuleControl(app: Control, { modelRuleService, gateway }: ModelRuleControlOptions): void {
  app.openapi(guarded(modelRuleOperations.listModelRules), async (context) => {
    const { orgId } = orgActorOf(context)
    const rules = await modelRuleService.listRules(orgId, context.req.valid('query').match)
    return context.json({ rules: rules.map((rule) => ruleBody(rule, orgId, gateway)) }, 200)
  })
  app.openapi(guarded(modelRuleOperations.putModelRule), async (context) => {
    const actor = orgActorOf(context)
    const { match, upstream, translate, defaults, version } = context.req.valid('json')
    const rule = await modelRuleService.putRule(actor, {
      match,
      upstream: upstream === undefined ? undefined : requireUpstreamId(requireRunning(gateway), actor.orgId, upstream),
      translate,
      defaults,
      version,
    })
    const answer = { ...ruleBody(rule, actor.orgId, gateway), ...unmatched(match, actor.orgId, gateway) }
    return context.json(answer, 200)
  })
  app.openapi(guarded(modelRuleOperations.removeModelRule), async (context) => {
    const actor = orgActorOf(context)
    const { match, upstream } = context.req.valid('query')
    // One that is gone had the id that it is asked by.
    const meant = upstream === undefined ? undefined : (upstreamIdOf(gateway, actor.orgId, upstream) ?? upstream)
    await modelRuleService.removeRule(actor, { match, upstream: meant })
    return context.json({}, 200)
  })
  app.openapi(guarded(modelRuleOperations.listModelAliases), async (context) => {
    const aliases = await modelRuleService.listAliases(orgActorOf(context).orgId)
    return context.json({ aliases: withOverridden(aliases.map(aliasBody)) }, 200)
  })
  app.openapi(guarded(modelRuleOperations.putModelAlias), async (context) => {
    const { name, model, version } = context.req.valid('json')
    const actor = orgActorOf(context)
    const alias = await modelRuleService.putAlias(actor, { name, model, version })
    const answer = {
      ...aliasBody(alias),
      ...unmatched(model, actor.orgId, gateway),
      ...hiding(alias, actor.orgId, gateway),
      ...ofAlias(alias, await modelRuleService.listAliases(actor.orgId)),
    }
    return context.json(answer, 200)
  })
  app.openapi(guarded(modelRuleOperations.removeModelAlias), async (context) => {
    await modelRuleService.removeAlias(orgActorOf(context), context.req.valid('query').name)
    return context.json({}, 200)
  })
}

function ruleBody(
  { match, upstream, translate, defaults, version }: Listed<GivenModelRule>,
  orgId: string,
  gateway: RunningGateway | undefined,
): ModelRuleBody {
  const found = upstream === undefined ? undefined : gateway?.upstreams.inOrg(orgId).named(upstream)
  return {
    match,
    upstream: upstream ?? null,
    upstreamLabel: found?.upstream.label ?? null,
    translate: translate ?? null,
    defaults,
    ...standingOf(version),
  }
}

function aliasBody({ name, model, version }: Listed<GivenAlias>): ModelAliasBody {
  return { name, model, modelCanonical: canonicalOf(model), ...standingOf(version) }
}

/** Marks those that one before them leaves no name. */
function withOverridden(aliases: readonly ModelAliasBody[]): ModelAliasBody[] {
  const before: ModelGlob[] = []
  return aliases.map((alias) => {
    const glob = parseModelGlob(alias.name)
    if (glob === undefined) return alias
    const isOverridden = before.some((one) => isCoveredBy(glob, one))
    before.push(glob)
    return isOverridden ? { ...alias, isOverridden } : alias
  })
}

function standingOf(version: number | undefined): Pick<ModelRuleBody, 'source' | 'revision'> {
  return { source: version === undefined ? 'configuration' : 'added', revision: version ?? 0 }
}

/** Whether a name or a pattern means no model that is known now. */
function unmatched(
  match: string,
  orgId: string,
  gateway: RunningGateway | undefined,
): Pick<ModelRuleBody, 'isUnmatched'> {
  const glob = parseModelGlob(match)
  if (gateway === undefined || glob === undefined) return {}
  return knownNames(orgId, gateway).some((name) => matchesModelGlob(glob, name)) ? {} : { isUnmatched: true }
}

/** Whether an alias has the name of a model that is known now, and means another. */
function hiding(
  { name, model }: GivenAlias,
  orgId: string,
  gateway: RunningGateway | undefined,
): Pick<ModelAliasBody, 'isHidingModel'> {
  const glob = parseModelGlob(name)
  if (gateway === undefined || glob === undefined) return {}
  const meant = canonicalOf(model)
  const isHiding = knownNames(orgId, gateway).some((one) => one !== meant && matchesModelGlob(glob, one))
  return isHiding ? { isHidingModel: true } : {}
}

/** Whether an alias stands for a name by which another one means a third. */
function ofAlias({ model }: GivenAlias, aliases: readonly GivenAlias[]): Pick<ModelAliasBody, 'isOfAlias'> {
  const meant = canonicalOf(model)
  const first = aliases.find(({ name }) => {
    const glob = parseModelGlob(name)
    return glob !== undefined && matchesModelGlob(glob, meant)
  })
  return first === undefined || canonicalOf(first.model) === meant ? {} : { isOfAlias: true }
}

function knownNames(orgId: string, { upstreams }: RunningGateway): readonly string[] {
  return upstreams.of(orgId).flatMap(({ known }) => known.models?.map(({ canonical }) => canonical) ?? [])
}

function canonicalOf(model: string): string {
  return canonicalModelName(model)?.canonical ?? model
}

function upstreamIdOf(gateway: RunningGateway | undefined, orgId: string, idOrLabel: string): string | undefined {
  return gateway?.upstreams.inOrg(orgId).named(idOrLabel)?.upstream.id
}

function requireUpstreamId(gateway: RunningGateway, orgId: string, idOrLabel: string): string {
  const id = upstreamIdOf(gateway, orgId, idOrLabel)
  if (id === undefined) throw unknownUpstream()
  return id
}
