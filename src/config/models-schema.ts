import { z } from 'zod'
import { MODEL_DEFAULT_FIELDS, MODEL_NAME_FORM, TRANSLATION_RULES } from '../core/model-default-fields.ts'

/** Near enough to how names are made one elsewhere: a tag that says nothing, and the case. */
function spelled(name: string): string {
  return name.toLowerCase().replace(/:latest$/, '')
}

/** Whether it can match a name is looked at where names are. */
function modelGlob() {
  return z.string().regex(MODEL_NAME_FORM, 'must be a name of a model, or a pattern such as qwen3*, without spaces')
}

const defaults = z.strictObject(MODEL_DEFAULT_FIELDS).prefault({}).meta({
  description:
    'What a request for the model is taken to say where it says nothing itself, by Ollama’s names. What its server has no place for is not sent.',
})

/** The option `models` of the configuration. */
export const models = z
  .array(
    z.strictObject({
      match: modelGlob()
        .prefault('*')
        .meta({
          description: 'The models that are meant, by name or pattern.',
          examples: ['qwen3*'],
        }),
      upstream: z
        .string()
        .min(1)
        .optional()
        .meta({
          description: 'Only on the upstream of this id or label. Not set: on all of them.',
          examples: ['127.0.0.1:11434'],
        }),
      translate: z.enum(TRANSLATION_RULES).optional().meta({
        description:
          'When a request is put into another format than its client’s. `auto`, which is the rule where nothing is set: where the server lacks the route, or is known to serve it badly. `native`: always to Ollama’s own API, on an Ollama, where `num_ctx`, `keep_alive` and `think` work for every client. `off`: never.',
      }),
      defaults,
    }),
  )
  .prefault([])
  .meta({
    description: 'Rules for models. The first that fits decides, for each thing that it says.',
  })

/** The option `aliases` of the configuration. */
export const aliases = z
  .array(
    z
      .strictObject({
        name: modelGlob().meta({
          description:
            'The name that clients ask for, or a pattern of such names, without a list of models having to tell it.',
          examples: ['claude-*'],
        }),
        model: z
          .string()
          .regex(MODEL_NAME_FORM, 'must be a name of a model')
          .meta({ description: 'The model that they get, as its server spells it.', examples: ['qwen3-coder:30b'] }),
      })
      .refine(({ name, model }) => spelled(name) !== spelled(model), {
        path: ['model'],
        error: 'must be another name than that of its alias',
      }),
  )
  .prefault([])
  .meta({
    description:
      'Other names of models, for clients that insist on their own: `claude-*`, or a name without slashes. The first that fits is taken; it is not looked up again. What a key may use is decided by the model, not by the alias.',
  })
