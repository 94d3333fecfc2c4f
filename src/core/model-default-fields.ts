import { z } from 'zod'

const KEEP_ALIVE = /^-?(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$|^-?\d+$/
const KEEP_ALIVE_FORM = 'must be a duration in ms, s, m or h, such as 30m, or seconds; -1 is for ever'
const THINK_FORM = 'must be one of true, false, low, medium, high, max'

const whole = (min: number, max: number) =>
  z.int('must be a whole number').min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)
const decimal = (min: number, max: number) =>
  z.number('must be a number').min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)

/** Each default that a model can have, by Ollama's name: its form, bounds and description, for whoever may set it. */
export const MODEL_DEFAULT_FIELDS = {
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
}

/** Names and patterns of models, before it is looked at whether they can match one: there are no spaces in them. */
export const MODEL_NAME_FORM = /^[^\p{C}\p{Z}]{1,512}$/u

/** When a request is put into another format. */
export const TRANSLATION_RULES = ['auto', 'native', 'off'] as const
