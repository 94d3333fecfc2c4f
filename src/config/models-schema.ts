import { z } from 'zod'

const TRANSLATIONS = ['auto', 'native', 'off'] as const

const KEEP_ALIVE = /^-?(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$|^-?\d+$/

/** Whether it can match a name is looked at where names are. */
function modelGlob() {
  return z
    .string()
    .regex(/^[^\p{C}\p{Z}]{1,512}$/u, 'must be a name of a model, or a pattern such as qwen3*, without spaces')
}

const defaults = z
  .strictObject({
    num_ctx: z
      .int()
      .min(256)
      .max(100_000_000)
      .optional()
      .meta({
        description:
          'Tokens of context that the model is loaded with. Servers other than Ollama have theirs from their own start.',
        examples: [32_768],
      }),
    keep_alive: z
      .union([z.string().regex(KEEP_ALIVE, 'must be a duration such as 30m, or seconds; -1 is for ever'), z.number()])
      .optional()
      .meta({
        description: 'How long the model stays loaded after a request, as `30m` or in seconds; `-1` is for ever.',
        'x-type': 'duration or seconds',
        examples: ['30m'],
      }),
    think: z
      .union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])])
      .optional()
      .meta({
        description: 'Whether the model thinks before it answers, or how hard.',
        'x-type': 'true, false, low, medium, high or max',
      }),
    truncate: z.boolean().optional().meta({
      description:
        'Whether the oldest turns are dropped, without a word, where a prompt is too long. `false` makes it an error, on which clients can shorten what they send.',
    }),
    num_predict: z
      .int()
      .min(1)
      .max(100_000_000)
      .optional()
      .meta({ description: 'The most tokens of an answer, where its client sets no limit.' }),
    temperature: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .meta({ description: 'How freely tokens are chosen: 0 is always the likeliest.' }),
    top_p: z.number().min(0).max(1).optional().meta({ description: 'The share of likely tokens to choose from.' }),
    top_k: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .meta({ description: 'The number of likely tokens to choose from.' }),
    min_p: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({ description: 'How likely a token is at least, next to the likeliest.' }),
    repeat_penalty: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .meta({ description: 'What a token loses that was there before.' }),
    presence_penalty: z
      .number()
      .min(-10)
      .max(10)
      .optional()
      .meta({ description: 'What a token loses that was there at all.' }),
    frequency_penalty: z
      .number()
      .min(-10)
      .max(10)
      .optional()
      .meta({ description: 'What a token loses each time it was there.' }),
    seed: z.int().optional().meta({ description: 'The same seed gives the same answer, as far as the server can.' }),
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
          'When a request is put into another format than its client’s. `auto`, which is the rule where nothing is set: where the server lacks the route, or is known to serve it badly. `native`: always, to Ollama’s own API, where `num_ctx`, `keep_alive` and `think` work for every client. `off`: never.',
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
    z.strictObject({
      name: modelGlob().meta({
        description:
          'The name that clients ask for, or a pattern of such names, without a list of models having to tell it.',
        examples: ['claude-*'],
      }),
      model: z
        .string()
        .regex(/^[^\p{C}\p{Z}]{1,512}$/u, 'must be a name of a model')
        .meta({ description: 'The model that they get, as its server spells it.', examples: ['qwen3-coder:30b'] }),
    }),
  )
  .prefault([])
  .meta({
    description:
      'Other names of models, for clients that insist on their own: `claude-*`, or a name without slashes. The first that fits is taken; it is not looked up again. What a key may use is decided by the model, not by the alias.',
  })
