import { createRoute, z } from '@hono/zod-openapi'
import { MODEL_DEFAULT_FIELDS, MODEL_NAME_FORM, TRANSLATION_RULES } from '../core/model-default-fields.ts'
import { access, body, failure, id, json } from './parts.ts'

const name = (what: string) => z.string().regex(MODEL_NAME_FORM, `must be ${what}, without spaces`)
const pattern = name('a name of a model, or a pattern such as qwen3*')

const modelDefaults = z
  .strictObject(MODEL_DEFAULT_FIELDS)
  .meta({ description: 'What a request is taken to say where it says nothing itself; see docs/config.md, `models`.' })
  .openapi('ModelDefaults')
export type ModelDefaultsBody = z.output<typeof modelDefaults>

const translation = z.enum(TRANSLATION_RULES)
export type TranslationBody = z.output<typeof translation>

const source = z.enum(['configuration', 'added']).meta({
  description: 'Only those that were `added` here can be changed or removed here. They go before the others.',
})
const revision = z.int().min(0).meta({ description: 'The `version` to change it with; 0: it cannot be.' })
const seen = z.int().min(0).optional().meta({
  description:
    'The one that was seen, 0 where there was none; any other that stands is kept, with `version_conflict`. Not given: it is replaced.',
})

const isUnmatched = z.literal(true).optional().meta({
  description: 'No model that is known now is meant; only in the answer to a change, and only where a gateway runs.',
})

const modelRule = z
  .strictObject({
    match: z.string().meta({ description: 'The models that are meant, by name or pattern.' }),
    upstream: z.string().nullable().meta({ description: 'Only on this upstream; null: on all.' }),
    upstreamLabel: z.string().nullable().meta({ description: 'Null: there is no such upstream now, or on all.' }),
    translate: translation.nullable(),
    defaults: modelDefaults,
    source,
    revision,
    isUnmatched,
  })
  .openapi('ModelRule')
export type ModelRuleBody = z.output<typeof modelRule>

const modelAlias = z
  .strictObject({
    name: z.string().meta({ description: 'What clients ask for, or a pattern of such names.' }),
    model: z.string().meta({ description: 'What they get, as its server spells it.' }),
    modelCanonical: z.string().meta({ description: 'The one spelling of that, as in the list of models.' }),
    source,
    revision,
    isOverridden: z.literal(true).optional().meta({
      description: 'One before it means all the names that it means, so that it is never taken. Only in lists.',
    }),
    isUnmatched,
    isHidingModel: z.literal(true).optional().meta({
      description:
        'A model that is known now has such a name, and nobody can ask for it by that. Only in the answer to a change.',
    }),
    isOfAlias: z.literal(true).optional().meta({
      description: 'Its model is the name of another alias, which is not looked up. Only in the answer to a change.',
    }),
  })
  .openapi('ModelAlias')
export type ModelAliasBody = z.output<typeof modelAlias>

const upstreamOfRule = id.optional().meta({ description: 'The id or the label of an upstream. Not given: on all.' })

/** The operations on what an org says of its models. */
export const modelRuleOperations = {
  listModelRules: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/models/rules',
    request: {
      query: z.strictObject({
        match: pattern.optional().meta({ description: 'Only those for this match, however it is spelled.' }),
      }),
    },
    responses: {
      200: json(
        z.strictObject({ rules: z.array(modelRule) }),
        'The rules for models. The first that fits decides, for each thing that it says.',
      ),
      default: failure,
    },
  }),
  putModelRule: createRoute({
    ...access('admin'),
    method: 'put',
    path: '/control/v1/models/rules',
    request: {
      body: body(
        z
          .strictObject({
            match: pattern,
            upstream: upstreamOfRule,
            translate: translation.optional(),
            defaults: modelDefaults.default({}),
            version: seen,
          })
          .openapi('NewModelRule'),
      ),
    },
    responses: {
      200: json(modelRule, 'The rule, in the place of one with the same match and upstream. It holds at once.'),
      default: failure,
    },
  }),
  removeModelRule: createRoute({
    ...access('admin'),
    method: 'delete',
    path: '/control/v1/models/rules',
    request: { query: z.strictObject({ match: pattern, upstream: upstreamOfRule }) },
    responses: { 200: json(z.strictObject({}), 'It is gone.'), default: failure },
  }),
  listModelAliases: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/models/aliases',
    responses: {
      200: json(
        z.strictObject({ aliases: z.array(modelAlias) }),
        'Other names of models. The first that fits is taken; it is not looked up again.',
      ),
      default: failure,
    },
  }),
  putModelAlias: createRoute({
    ...access('admin'),
    method: 'put',
    path: '/control/v1/models/aliases',
    request: {
      body: body(
        z.strictObject({ name: pattern, model: name('a name of a model'), version: seen }).openapi('NewModelAlias'),
      ),
    },
    responses: {
      200: json(modelAlias, 'The alias, in the place of one with that name. What a key may use is told by the model.'),
      default: failure,
    },
  }),
  removeModelAlias: createRoute({
    ...access('admin'),
    method: 'delete',
    path: '/control/v1/models/aliases',
    request: { query: z.strictObject({ name: pattern }) },
    responses: { 200: json(z.strictObject({}), 'It is gone.'), default: failure },
  }),
}
