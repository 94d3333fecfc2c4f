import { z } from 'zod'

const TRANSLATIONS = ['auto', 'native', 'off'] as const

const KEEP_ALIVE = /^-?(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$|^-?\d+$/
const KEEP_ALIVE_FORM = 'must be a duration in ms, s, m or h, such as 30m, or seconds; -1 is for ever'
const THINK_FORM = 'must be one of true, false, low, medium, high, max'

const whole = (min: number, max: number) =>
  z.int('must be a whole number').min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)
const decimal = (min: number, max: number) =>
  z.number('must be a number').min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)

/** Near enough to how names are made one elsewhere: a tag that says nothing, and the case. */
function spelled(name: string): string {
  return name.toLowerCase().replace(/:latest$/, '')
}

/** Whether it can match a name is looked at where names are. */
function modelGlob() {
  return z
    .string()
    .regex(/^[^\p{C}\p{Z}]{1,512}$/u, 'must be a name of a model, or a pattern such as qwen3*, without spaces')
}

const defaults = z
  .strictObject({
    num_ctx: whole(256, 100_000_000)
      .optional()
      .meta({
        description:
          'Tokens of context that the model is loaded with. Servers other than Ollama have theirs from their own start.',
        examples: [32_768],
      }),
    keep_alive: z
      .union([z.string().regex(KEEP_ALIVE, KEEP_ALIVE_FORM), z.number()], KEEP_ALIVE_FORM)
      .optional()
      .meta({
        description: 'How long the model stays loaded after a request, as `30m` or in seconds; `-1` is for ever.',
        'x-type': 'duration or seconds',
        examples: ['30m'],
      }),
    think: z
      .union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])], THINK_FORM)
      .optional()
      .meta({
        description: 'Whether the model thinks before it answers, or how hard.',
        'x-type': 'true, false, low, medium, high or max',
      }),
    truncate: z.boolean().optional().meta({
      description:
        'Whether the oldest turns are dropped, without a word, where a prompt is too long. `false` makes it an error, on which clients can shorten what they send.',
    }),
    num_predict: whole(1, 100_000_000)
      .optional()
      .meta({ description: 'The most tokens of an answer, where its client sets no limit.' }),
    temperature: decimal(0, 10)
      .optional()
      .meta({ description: 'How freely tokens are chosen: 0 is always the likeliest.' }),
    top_p: decimal(0, 1).optional().meta({ description: 'The share of likely tokens to choose from.' }),
    top_k: whole(0, 1_000_000).optional().meta({ description: 'The number of likely tokens to choose from.' }),
    min_p: decimal(0, 1).optional().meta({ description: 'How likely a token is at least, next to the likeliest.' }),
    repeat_penalty: decimal(0, 10).optional().meta({ description: 'What a token loses that was there before.' }),
    presence_penalty: decimal(-10, 10).optional().meta({ description: 'What a token loses that was there at all.' }),
    frequency_penalty: decimal(-10, 10).optional().meta({ description: 'What a token loses each time it was there.' }),
    seed: z
      .int('must be a whole number')
      .optional()
      .meta({ description: 'The same seed gives the same answer, as far as the server can.' }),
  })
  .prefault({})
  .meta({
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
      translate: z.enum(TRANSLATIONS).optional().meta({
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
          .regex(/^[^\p{C}\p{Z}]{1,512}$/u, 'must be a name of a model')
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
